#!/usr/bin/python3
"""Counts the instructions of five runs (valgrind --tool=callgrind) and fails when one takes over 3 % more than tests/bench/instructions.txt says.

    BUILD=build tests/bench/instructions.py [--update]

Counts do not depend on the machine's load, but on compiler and libraries: the file names those it was made with, and others are compared
for information only. --update writes the file; do so in the commit that has a reason for more.
"""
import os
import re
import subprocess
import sys
import tempfile

BUILD = os.environ.get("BUILD", "build")
FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "instructions.txt")
CORPUS = "tests/fuzz/corpus/scenario/"
RUNS = {
    "first-fit": [CORPUS + "generated.yaml", "--set", "workload.generate.count=2000", "--set", "schedulers.placement.policy=first-fit"],
    "best-fit": [CORPUS + "generated.yaml", "--set", "workload.generate.count=2000"],
    "many-hosts": [CORPUS + "generated.yaml", "--set", "workload.generate.count=2000", "--set", "datacenter.hosts.0.count=2000"],
    "isolation": [CORPUS + "isolated.yaml"],
    "failures": [CORPUS + "plain.yaml"],
}
ALLOWED = 1.03


def tools():
    compiler = subprocess.run([os.environ.get("CC", "gcc").split()[0], "--version"], capture_output=True, text=True, check=True).stdout
    return compiler.split("\n")[0] + ", hdf5 " + subprocess.run(["pkg-config", "--modversion", "hdf5"], capture_output=True, text=True,
                                                               check=True).stdout.strip()


def count(arguments, folder):
    run = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", os.path.join(BUILD, "vdcsim"), "run", *arguments,
                          "--no-progress", "--force", "-o", os.path.join(folder, "out.h5")], capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not found:
        sys.exit(f"{arguments}: {run.stderr}")
    return int(found.group(1))


def main():
    with tempfile.TemporaryDirectory() as folder:
        counts = {name: count(arguments, folder) for name, arguments in RUNS.items()}
    if "--update" in sys.argv:
        with open(FILE, "w", encoding="utf-8") as stream:
            stream.write(f"# {tools()}\n" + "".join(f"{name} {value}\n" for name, value in counts.items()))
        return 0
    with open(FILE, encoding="utf-8") as stream:
        made_with, *rows = stream.read().splitlines()
    comparable = made_with == "# " + tools()
    worse = []
    for row in rows:
        name, value = row.split()
        print(f"{name:12} {counts[name]:14} {100 * (counts[name] / int(value) - 1):+.2f} %")
        if counts[name] > ALLOWED * int(value):
            worse.append(name)
    if worse and comparable:
        print(f"over 3 % more instructions: {', '.join(worse)}; mend it, or say why and run tests/bench/instructions.py --update")
        return 1
    print("instruction counts hold" if comparable else f"for information only: made with {made_with[2:]}, this is {tools()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
