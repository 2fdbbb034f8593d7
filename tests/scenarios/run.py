#!/usr/bin/python3
"""Runs every scenario of scenarios/ as a user would: validate, run --check, show --json, verify; and the same run again with the same seed.

Holds for each: its first lines say what it shows; every invariant's residual is 0; the second run gives the same bytes; `verify` agrees with the
file; docs/result-file.md has a row for each dataset and attribute. Arguments: parts of names to choose some. Standard library and h5py.
"""
import concurrent.futures
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

import h5py

VDCSIM = os.path.abspath(os.path.join(os.environ.get("BUILD", "build"), "vdcsim"))


def vdcsim(*words):
    ran = subprocess.run([VDCSIM, *words], capture_output=True, text=True, check=False, timeout=600)
    if ran.returncode != 0:
        raise AssertionError(f"vdcsim {' '.join(words)} ended with {ran.returncode}: {ran.stderr.strip()[-1500:]}")
    return ran.stdout


def smaller(path):
    """The demo's 100 000 VMs under --check would take longer than all other scenarios together."""
    return ("--set", "workload.generate.count=5000") if "/demo/" in path else ()


def documented_names():
    """What the tables of docs/result-file.md list: names by group, the file's attributes as group "@"."""
    names, group = {}, None
    with open("docs/result-file.md", encoding="utf-8") as stream:
        for line in stream:
            heading = re.match(r"## /(\w+)$|\| \*\*/(\w+)\*\*", line)
            if heading:
                group = heading[1] or heading[2]
            elif line.startswith("## "):
                group = "@" if line.startswith("## Attributes") else None
            elif group and line.startswith("| `"):
                names.setdefault(group, set()).update(re.findall(r"`([^`]+)`", line.split(" | ")[0]))
    resources = ("cpu_core_s", "memory_byte_s", "disk_byte_s", "iops_ops", "disk_bw_bytes", "net_tx_bytes", "net_rx_bytes", "gpu_milli_s")
    names["summary"].update(name[:-1] + resource for name in list(names["summary"]) if name.endswith("_R") for resource in resources)
    return names


def undocumented(result):
    names = documented_names()
    there = {"@": result.attrs, **{group: result[group] for group in result}}
    return [f"/{group}/{name}" for group, found in there.items() for name in found if name not in names.get(group, ())]


def check(path):
    with open(path, encoding="utf-8") as stream:
        assert stream.readline().startswith("# "), "does not begin with a comment that says what it shows"
    vdcsim("validate", path)
    with tempfile.TemporaryDirectory(prefix="vdcsim-scenario-") as folder:
        first, second = os.path.join(folder, "first.h5"), os.path.join(folder, "second.h5")
        vdcsim("run", path, "-o", first, "--check", "--no-progress", *smaller(path))
        vdcsim("run", path, "-o", second, "--check", "--no-progress", *smaller(path))
        summary = json.loads(vdcsim("show", first, "--json"))
        assert summary["vms_arrived"] > 0, "no VM arrives"
        assert summary["vms_placed"] > 0, "no VM is placed"
        assert summary["T_cpu_core_s"] > 0, "nothing runs"
        with h5py.File(first, "r") as result:
            residuals = dict(zip((name.decode() if isinstance(name, bytes) else name for name in result["checks/invariant"][()]), result["checks/residual"][()]))
            unknown = undocumented(result)
        assert not unknown, f"docs/result-file.md has no row for {', '.join(unknown)}"
        broken = {name: value for name, value in residuals.items() if value != 0}
        assert residuals and not broken, f"invariants do not hold: {broken}"
        with open(first, "rb") as one, open(second, "rb") as other:
            assert one.read() == other.read(), "a second run gives other bytes"
        vdcsim("verify", first, "--base", os.path.dirname(os.path.abspath(path)), "--outside")  # the scenarios are our own
    return f"{summary['vms_arrived']:.0f} VMs, {summary['ticks']:.0f} ticks, {len(residuals)} invariants"


def lacks_data(path):
    """Data outside the repository that the scenario reads and that is not here."""
    with open(path, encoding="utf-8") as stream:
        named = re.findall(r"^[^#\n]*?path: ([^\s,}]*\.\./shared/[^\s,}]*)", stream.read(), re.M)
    return [name for name in named if not os.path.exists(os.path.join(os.path.dirname(path), name))]


def guarded(path):
    if lacks_data(path):
        return True, f"skipped: no {lacks_data(path)[0]}"
    try:
        return True, check(path)
    except (AssertionError, KeyError, OSError, ValueError, subprocess.TimeoutExpired) as error:
        return False, f"FAILED: {type(error).__name__}: {error}"


def main():
    paths = sorted(glob.glob("scenarios/*.yaml") + glob.glob("scenarios/demo/*.yaml") + glob.glob("scenarios/published/*.yaml"))
    paths = [path for path in paths if not sys.argv[1:] or any(part in path for part in sys.argv[1:])]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        results = list(pool.map(guarded, paths))
    for path, (_, said) in zip(paths, results):
        print(f"{path}: {said}")
    failed = sum(1 for good, _ in results if not good)
    print(f"scenarios: {len(paths) - failed} of {len(paths)} hold")
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
