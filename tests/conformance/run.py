#!/usr/bin/python3
"""Runs the conformance cases: every NAME.yaml of $VDCSIM_SHARED/conformance/{opendc,cpu,dslab,...} through `vdcsim run --check`, its
result through the `check` script that lies there. Arguments: parts of case names to choose some ("opendc/flow", "dslab").

Cases that need what is not there yet stand in LATER with the reason. One of them that passes all the same is a failure here, so
that the table does not outlive its reasons. Without the shared folder the last line says "skipped". Standard library only.
"""
import concurrent.futures
import os
import subprocess
import sys
import tempfile

FOLDERS = ("opendc", "cpu", "dslab", "fgd", "spane", "isolation")
# Case or folder -> the feature that it waits for.
LATER = {}


def reason_to_wait(case):
    return LATER.get(case) or LATER.get(case.split("/")[0])


def run(vdcsim, shared, case, folder):
    """Returns (passed, what was said)."""
    base = os.path.join(shared, "conformance", case)
    out = os.path.join(folder, case.replace("/", "-") + ".h5")
    ran = subprocess.run([vdcsim, "run", base + ".yaml", "-o", out, "--check", "--no-progress"], capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        return False, f"vdcsim run ended with {ran.returncode}: {(ran.stdout + ran.stderr).strip()}"
    checked = subprocess.run(["/usr/bin/python3", os.path.join(shared, "conformance", "check"), out, base + ".json"],
                             capture_output=True, text=True, check=False)
    os.remove(out)
    return checked.returncode == 0, (checked.stdout + checked.stderr).strip()


def main():
    vdcsim = os.path.abspath(os.path.join(os.environ.get("BUILD", "build"), "vdcsim"))
    shared = os.environ.get("VDCSIM_SHARED", "../shared")
    if not os.path.isdir(os.path.join(shared, "conformance")):
        print(f"skipped: no {shared}/conformance (set VDCSIM_SHARED)")
        return 0
    cases = []
    for name in FOLDERS:
        folder = os.path.join(shared, "conformance", name)
        found = sorted(f[:-5] for f in os.listdir(folder) if f.endswith(".yaml")) if os.path.isdir(folder) else []
        cases += [f"{name}/{case}" for case in found if os.path.exists(os.path.join(folder, case + ".json"))]
    wanted = sys.argv[1:]
    cases = [case for case in cases if not wanted or any(part in case for part in wanted)]
    passed = failed = waiting = 0
    with tempfile.TemporaryDirectory(prefix="vdcsim-conformance-") as folder:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            results = list(pool.map(lambda case: run(vdcsim, shared, case, folder), cases))
    for case, (good, said) in zip(cases, results):
        reason = reason_to_wait(case)
        if reason and not good:
            waiting += 1
            print(f"{case}: waits for {reason}")
        elif good and not reason:
            passed += 1
            print(f"{case}: {said}")
        else:
            failed += 1
            print(f"{case}: FAILED: {said if not reason else 'it passes now: take it off the table LATER'}")
    print(f"conformance: {passed} cases agree, {failed} differ, {waiting} wait for features to come")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
