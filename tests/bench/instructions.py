#!/usr/bin/python3
"""Counts the instructions of five runs (valgrind --tool=callgrind) and fails when one takes over 3 % more than tests/bench/instructions.txt says.

    BUILD=build tests/bench/instructions.py [--update]

Two counts a run: the whole command, much of which is reading the scenario and writing the file, and the simulation between them alone, where
a policy or a part that has become slower would not show in the whole. Counts do not depend on the machine's load, but on compiler, libraries
and processor (libraries choose by what it can): the file names those it was made with, and others are compared for information only. --update
writes the file; do so in the commit that has a reason for more.
"""
import os
import re
import subprocess
import sys
import tempfile

BUILD = os.environ.get("BUILD", "build")
FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "instructions.txt")
GENERATED = ["tests/fuzz/corpus/scenario/generated.yaml", "--set", "workload.generate.count=2000"]
RULES = '[{"rule":"core-scheduling"},{"rule":"max-tenants","max":6},{"rule":"anti-affinity","of":"tenant","level":"host","mode":"soft"}]'
RUNS = {
    "first-fit": [*GENERATED, "--set", "schedulers.placement.policy=first-fit"],
    "best-fit": GENERATED,
    "many-hosts": [*GENERATED, "--set", "datacenter.hosts.0.count=2000"],
    "isolation": ["scenarios/isolation.yaml", "--set", "isolation.rules=" + RULES, "--set", "workload.generate.count=600",
                  "--set", "output.ticks=false"],
    "failures": ["scenarios/availability.yaml", "--set", "workload.generate.count=6000", "--set", "workload.generate.arrivals.mean=7min",
                 "--set", "output.vms=none", "--set", "output.hosts=none", "--set", "output.events=false"],
}
SIMULATION = "vdc_simulation_run_some"
ALLOWED = 1.03


def version(command, pattern):
    return re.search(pattern, subprocess.run(command, capture_output=True, text=True, check=True).stdout).group(1)


def tools():
    libraries = [f"{name} {version(['pkg-config', '--modversion', name], '(.*)')}" for name in ("hdf5", "gsl", "yaml-0.1", "zlib", "sqlite3", "nettle")]
    return ", ".join([version([os.environ.get("CC", "gcc").split()[0], "--version"], "(.*)"), "libc " + version(["ldd", "--version"], r"(\S+)\n"),
                      *libraries, version(["valgrind", "--version"], "(.*)")])


def count(arguments, folder):
    """Instructions of the whole command and of the simulation alone."""
    profile = os.path.join(folder, "profile")
    run = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=" + profile, os.path.join(BUILD, "vdcsim"), "run", *arguments,
                          "--no-progress", "--force", "-o", os.path.join(folder, "out.h5")], capture_output=True, text=True, check=False)
    whole = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not whole:
        sys.exit(f"{arguments}: {run.stderr}")
    functions = subprocess.run(["callgrind_annotate", "--inclusive=yes", profile], capture_output=True, text=True, check=True).stdout
    simulation = re.search(rf"^ *([\d,]+) .*:{SIMULATION}\b", functions, re.M)
    if not simulation:
        sys.exit(f"{arguments}: no {SIMULATION} in the profile")
    return int(whole.group(1)), int(simulation.group(1).replace(",", ""))


def main():
    with tempfile.TemporaryDirectory() as folder:
        counts = {name: count(arguments, folder) for name, arguments in RUNS.items()}
    if "--update" in sys.argv:
        with open(FILE, "w", encoding="utf-8") as stream:
            stream.write(f"# {tools()}\n" + "".join(f"{name} {whole} {simulation}\n" for name, (whole, simulation) in counts.items()))
        return 0
    with open(FILE, encoding="utf-8") as stream:
        made_with, *rows = stream.read().splitlines()
    comparable = made_with == "# " + tools()
    worse = []
    print(f"{'':12} {'whole':>14} {'':9} {'simulation':>12}")
    for row in rows:
        name, *before = row.split()
        ratios = [now / int(then) for now, then in zip(counts[name], before, strict=True)]
        print(f"{name:12} {counts[name][0]:14} {100 * (ratios[0] - 1):+7.2f} % {counts[name][1]:12} {100 * (ratios[1] - 1):+7.2f} %")
        if max(ratios) > ALLOWED:
            worse.append(name)
    if worse and comparable:
        print(f"over 3 % more instructions: {', '.join(worse)}; mend it, or say why and run tests/bench/instructions.py --update")
        return 1
    print("instruction counts hold" if comparable else f"for information only: made with {made_with[2:]}, this is {tools()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
