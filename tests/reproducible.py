#!/usr/bin/python3
"""reproducible.py BUILD BUILD...: every scenario of scenarios/ gives the same bytes with each of these builds (`make reproducible`)."""
import glob
import hashlib
import os
import subprocess
import sys
import tempfile


def main():
    builds = sys.argv[1:]
    paths = sorted(glob.glob("scenarios/*.yaml") + glob.glob("scenarios/demo/*.yaml"))
    differing = 0
    with tempfile.TemporaryDirectory(prefix="vdcsim-reproducible-") as folder:
        for path in paths:
            found = {}
            for build in builds:
                out = os.path.join(folder, "out.h5")
                subprocess.run([os.path.join(build, "vdcsim"), "run", path, "-o", out, "--force", "--no-progress"], check=True, stderr=subprocess.DEVNULL)
                with open(out, "rb") as stream:
                    found.setdefault(hashlib.sha256(stream.read()).hexdigest(), []).append(build)
            print(f"{path}: {'the same bytes' if len(found) == 1 else f'DIFFERS: {found}'}")
            differing += len(found) != 1
    print(f"reproducible: {len(paths) - differing} of {len(paths)} scenarios give the same bytes with {', '.join(builds)}")
    return 1 if differing or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
