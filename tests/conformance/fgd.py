#!/usr/bin/python3
"""FGD's experiment (ATC'23) with this project's own shuffles: fgd.py [TRACE...]   (default: default; the table also has cpu200, gpushare40)

Seeds 42 to 51 through the ordinary command (`shuffle`, `tune`, `tie_break: random`), six policies: the mean share of GPU left unallocated
when 130 % has arrived must meet the published mean within three standard errors, at a level that Holm's correction over all comparisons only
widens. The published arrival orders are tested exactly by run.py. Without the shared folder the last line says "skipped".
"""
import concurrent.futures
import csv
import os
import statistics
import subprocess
import sys
import tempfile

import h5py

POLICIES = {"Random": "gpu-random", "DotProd": "gpu-dot-product", "GpuClustering": "gpu-clustering", "GpuPacking": "gpu-packing",
            "BestFit": "gpu-best-fit", "FGD": "fgd"}
SEEDS = range(42, 52)
SCENARIO = """vdcsim: 1
name: fgd-shuffled
time: {{tick: 1000s, end: last-arrival}}
datacenter:
  hosts: {{format: alibaba-openb, path: {data}/openb_node_list_gpu_node.csv, tie_break: random, max_vms: 1001}}
workload:
  trace: {{format: alibaba-openb, path: {data}/openb_pod_list_{trace}.csv, shuffle: true, tune: {{resource: gpu, to: 130%}},
          interval: 1s, departures: none}}
schedulers: {{admission: {{policy: fifo, timeout: 0s}}, placement: {{policy: fgd}}}}
output: {{ticks: false, vms: none}}
"""
GPUS = 6212000


def run(vdcsim, scenario, folder, policy, seed):
    out = os.path.join(folder, f"{policy}-{seed}.h5")
    subprocess.run([vdcsim, "run", scenario, "-o", out, "--force", "--no-progress", "--seed", str(seed), "--set",
                    f"schedulers.placement.policy={policy}"], check=True, capture_output=True)
    with h5py.File(out, "r") as file:
        return 100 - 100 * int(file["summary/gpu_allocated_milli"][()]) / GPUS


def main():
    vdcsim = os.path.abspath(os.path.join(os.environ.get("BUILD", "build"), "vdcsim"))
    shared = os.path.abspath(os.environ.get("VDCSIM_SHARED", "../shared"))
    table = os.path.join(shared, "conformance", "fgd", "expected_final.csv")
    if not os.path.exists(table):
        print(f"skipped: no {table} (set VDCSIM_SHARED)")
        return 0
    with open(table, encoding="ascii") as file:
        published = {(row["policy"], row["trace"]): row for row in csv.DictReader(file)}
    failed = 0
    with tempfile.TemporaryDirectory(prefix="vdcsim-fgd-") as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for trace in sys.argv[1:] or ["default"]:
            scenario = os.path.join(folder, "scenario.yaml")
            with open(scenario, "w", encoding="ascii") as file:
                file.write(SCENARIO.format(data=os.path.join(shared, "data", "alibaba-openb"), trace=trace))
            for name, policy in POLICIES.items():
                shares = list(pool.map(lambda seed, p=policy: run(vdcsim, scenario, folder, p, seed), SEEDS))
                row = published[name, trace]
                expected, spread = float(row["unalloc_pct_at130_mean"]), float(row["unalloc_pct_at130_sd"])
                error = ((statistics.variance(shares) + spread ** 2) / len(shares)) ** 0.5
                z = (statistics.mean(shares) - expected) / error
                failed += abs(z) > 3
                print(f"{trace} {name}: {statistics.mean(shares):.3f} % unallocated, published {expected} %, {z:+.2f} standard errors")
    print(f"fgd: own shuffles, {failed} means further than 3 standard errors from the published ones")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
