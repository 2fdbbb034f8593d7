#!/usr/bin/python3
"""reproducible.py BUILD BUILD...: every scenario of scenarios/ gives the same bytes with each of these builds, and a sweep with each of them
and any number of runs at a time (`make reproducible`)."""
import glob
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile


sys.path.insert(0, "tests/scenarios")
from run import lacks_data  # noqa: E402

SWEEP = "sweep: 1\nextends: first.yaml\naxes: {schedulers.placement.policy: [first-fit, best-fit, worst-fit]}\nseeds: 3\n"


def sweep_differs(builds, folder):
    """Does any file of the sweep's folder depend on the build or on how many runs are done at a time?"""
    shutil.copy("scenarios/first.yaml", folder)
    with open(os.path.join(folder, "sweep.yaml"), "w", encoding="ascii") as stream:
        stream.write(SWEEP)
    found = {}
    for build in builds:
        for jobs in ("1", "4"):
            out = os.path.join(folder, f"{os.path.basename(build)}-{jobs}")
            subprocess.run([os.path.join(build, "vdcsim"), "sweep", os.path.join(folder, "sweep.yaml"), "-o", out, "-j", jobs, "--no-progress"], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            digest = hashlib.sha256()
            for path in sorted(glob.glob(out + "/**/*.h5", recursive=True) + glob.glob(out + "/*.csv")):
                digest.update(os.path.relpath(path, out).encode())
                with open(path, "rb") as stream:
                    digest.update(stream.read())
            found.setdefault(digest.hexdigest(), []).append(f"{build} -j {jobs}")
    print(f"a sweep: {'the same bytes' if len(found) == 1 else f'DIFFERS: {found}'}")
    return len(found) != 1


def main():
    builds = sys.argv[1:]
    paths = [path for path in sorted(glob.glob("scenarios/*.yaml") + glob.glob("scenarios/demo/*.yaml")) if not lacks_data(path)]
    differing = 0
    with tempfile.TemporaryDirectory(prefix="vdcsim-reproducible-") as folder:
        differing += sweep_differs(builds, folder)
        for path in paths:
            found = {}
            for build in builds:
                out = os.path.join(folder, "out.h5")
                subprocess.run([os.path.join(build, "vdcsim"), "run", path, "-o", out, "--force", "--no-progress"], check=True, stderr=subprocess.DEVNULL)
                with open(out, "rb") as stream:
                    found.setdefault(hashlib.sha256(stream.read()).hexdigest(), []).append(build)
            print(f"{path}: {'the same bytes' if len(found) == 1 else f'DIFFERS: {found}'}")
            differing += len(found) != 1
    print(f"reproducible: {len(paths) + 1 - differing} of {len(paths) + 1} scenarios and sweeps give the same bytes with {', '.join(builds)}")
    return 1 if differing or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
