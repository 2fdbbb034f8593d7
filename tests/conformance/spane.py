#!/usr/bin/python3
"""The published table of SPANE (arXiv 2504.14946) through the ordinary command: spane.py [--episodes N|all] [--servers 2,3,4,5]

Each episode is a run of $VDCSIM_SHARED/conformance/spane/episode.yaml with its first row, its number of VMs and its number of servers set by
--set; the total wait must be that of episodes_N.csv to the second, for first fit and balance fit. With `all` (8 000 runs) the trimmed means are
compared with the published ones, every printed digit. Without the shared folder the last line says "skipped".
"""
import argparse
import concurrent.futures
import csv
import os
import subprocess
import sys
import tempfile

import h5py

POLICIES = {"numa-first-fit": "first_fit_wait_s", "numa-balance-fit": "balance_fit_wait_s"}
# Trimmed means of 1 000 episodes (the lowest and highest 10 % dropped), as published: servers -> policy -> seconds.
PUBLISHED = {
    2: {"numa-first-fit": "53866.53875", "numa-balance-fit": "38610.82625"},
    3: {"numa-first-fit": "52483.255", "numa-balance-fit": "38832.1"},
    4: {"numa-first-fit": "44461.2425", "numa-balance-fit": "37829.27625"},
    5: {"numa-first-fit": "89822.5225", "numa-balance-fit": "86009.90875"},
}


def run(vdcsim, scenario, folder, servers, policy, row):
    out = os.path.join(folder, f"{servers}-{policy}-{row['start']}.h5")
    sets = [f"datacenter.hosts.0.count={servers}", f"workload.trace.first={row['start']}", f"workload.trace.count={row['vms']}",
            f"schedulers.placement.policy={policy}", "output={ticks: false, vms: none}"]
    command = [vdcsim, "run", scenario, "-o", out, "--no-progress"] + [word for value in sets for word in ("--set", value)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        return None, ran.stderr.strip()
    with h5py.File(out, "r") as file:
        wait = float(file["summary/wait_total_s"][()])
    os.remove(out)
    return wait, ""


def trimmed_mean(waits):
    kept = sorted(waits)[len(waits) // 10:len(waits) - len(waits) // 10]
    return sum(kept) / len(kept)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--episodes", default=os.environ.get("SPANE_EPISODES", "6"), help="of each table: a number, or all")
    arguments.add_argument("--servers", default="2,3,4,5")
    asked = arguments.parse_args()
    vdcsim = os.path.abspath(os.path.join(os.environ.get("BUILD", "build"), "vdcsim"))
    base = os.path.join(os.environ.get("VDCSIM_SHARED", "../shared"), "conformance", "spane")
    if not os.path.isdir(base):
        print(f"skipped: no {base} (set VDCSIM_SHARED)")
        return 0
    agreed = failed = 0
    with tempfile.TemporaryDirectory(prefix="vdcsim-spane-") as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for servers in (int(word) for word in asked.servers.split(",")):
            with open(os.path.join(base, f"episodes_{servers}.csv"), encoding="ascii") as file:
                rows = list(csv.DictReader(file))
            chosen = rows if asked.episodes == "all" else rows[::max(1, len(rows) // int(asked.episodes))]
            for policy, column in POLICIES.items():
                waits = list(pool.map(lambda row, p=policy, n=servers: run(vdcsim, os.path.join(base, "episode.yaml"), folder, n, p, row), chosen))
                for row, (wait, said) in zip(chosen, waits):
                    if wait == float(row[column]):
                        agreed += 1
                        continue
                    failed += 1
                    print(f"{servers} servers, row {row['start']}, {policy}: waited {wait} s, expected {row[column]} {said}")
                if asked.episodes == "all" and not failed:
                    mean = trimmed_mean([wait for wait, _ in waits])
                    same = f"{mean:.10g}" == PUBLISHED[servers][policy]
                    failed += not same
                    print(f"{servers} servers, {policy}: trimmed mean {mean:.10g} s, published {PUBLISHED[servers][policy]} s")
    print(f"spane: {agreed} episodes agree to the second, {failed} differ")
    return 1 if failed or not agreed else 0


if __name__ == "__main__":
    sys.exit(main())
