#!/usr/bin/python3
"""Holds `vdcsim run --check` against the reference model (model.py) on random scenarios (generate.py): placements, every tick, totals.

    compare.py [--cases N] [--first K] [--jobs J]    compares the cases K … K+N-1
    compare.py --case K [--keep]                     one case, all its differences; --keep writes case-K.yaml here
    compare.py --case K --shrink                     leaves out VMs and options as long as the case still differs, prints what remains
    compare.py --file SCENARIO.yaml                  any scenario within what the model covers

A number must agree to 1e-12 relative (1e-9 where a power model takes a root or a power: see model.py) or 1e-9 absolute.
"""
import argparse
import concurrent.futures
import copy
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import h5py  # noqa: E402
import yaml  # noqa: E402

import generate  # noqa: E402
import model  # noqa: E402

VDCSIM = os.path.abspath(os.path.join(os.environ.get("BUILD", "build"), "vdcsim"))
CPU = "cpu"
# Result dataset -> name in the model's tick; [tick x resource] datasets by resource.
TICK_PLAIN = {"T": "T", "ready": "ready", "throttled": "throttled", "idle": "idle", "cpu_demand": "cpu_demand", "cpu_granted": "cpu_granted",
              "power": "power", "vms_running": "vms_running", "vms_queued": "vms_queued", "hosts_used": "hosts_used", "energy": "energy",
              "arrivals": "arrivals", "placed": "placed", "rejected": "rejected", "completed": "completed", "time": "time"}
TICK_BY_RESOURCE = {("P", "cpu"): "P_cpu", ("P", "memory"): "P_memory", ("G", "cpu"): "G_cpu", ("S", "cpu"): "S_cpu", ("U", "cpu"): "U_cpu",
                    ("S_waste", "cpu"): "S_waste_cpu", ("S_idle", "cpu"): "S_idle_cpu", ("U", "memory"): "P_memory"}
FLOATING = ("energy", "energy_j", "facility_energy_j", "power", "cpu_active_s", "cpu_idle_s", "cpu_steal_s")


def agree(name, got, wanted):
    tolerance = 1e-9 if name.split("[")[0] in FLOATING else 1e-12
    return abs(got - wanted) <= max(1e-9, tolerance * abs(wanted))


def differences(text, folder, base=None):
    """None when the model finds the case ambiguous, else a list of differences."""
    scenario = yaml.load(text, yaml.BaseLoader)
    try:
        wanted = model.simulate(scenario)
    except model.Ambiguous:
        return None
    with tempfile.TemporaryDirectory(prefix="vdcsim-reference-", dir=folder) as own:
        path = base or os.path.join(own, "case.yaml")
        if not base:
            with open(path, "w", encoding="utf-8") as stream:
                stream.write(text)
        out = os.path.join(own, "case.h5")
        try:
            ran = subprocess.run([VDCSIM, "run", path, "-o", out, "--check", "--no-progress"], capture_output=True, text=True, check=False, timeout=60)
        except subprocess.TimeoutExpired:
            return ["vdcsim run does not come to an end"]
        if ran.returncode != 0:
            return [f"vdcsim run ended with {ran.returncode}: {(ran.stdout + ran.stderr).strip()}"]
        with h5py.File(out, "r") as result:
            return list(compare(result, wanted))


def compare(result, wanted):
    summary = result["summary"]
    for key, value in wanted["summary"].items():
        if key == "queue_integral_s":
            continue
        if key not in summary:
            yield f"summary {key} is missing, expected {float(value)}"
        elif not agree(key, float(summary[key][()]), float(value)):
            yield f"summary {key}: got {float(summary[key][()])!r}, expected {float(value)!r}"
    ticks = result["ticks"]
    count = len(wanted["ticks"])
    if len(ticks["time"]) != count:
        yield f"{len(ticks['time'])} ticks, expected {count}"
        count = min(count, len(ticks["time"]))
    with_power = "energy_j" in wanted["summary"]
    resources = [name.decode() if isinstance(name, bytes) else str(name) for name in ticks["resource"][()]]
    series = {name: (ticks[name][()] if name in ticks else None, key) for name, key in TICK_PLAIN.items()
              if with_power or name not in ("energy", "power")}
    for (name, resource), key in TICK_BY_RESOURCE.items():
        series[f"{name}_{resource}"] = (ticks[name][:, resources.index(resource)] if name in ticks and resource in resources else None, key)
    for name, (values, key) in series.items():
        if values is None:
            if any(row[key] for row in wanted["ticks"]):
                yield f"ticks {name} is missing"
            continue
        for index in range(count):
            if not agree(name, float(values[index]), float(wanted["ticks"][index][key])):
                yield f"ticks {name}[{index}]: got {float(values[index])!r}, expected {float(wanted['ticks'][index][key])!r}"
                break
    if "vms" in result:
        rows = result["vms"]
        states = [state.decode() if isinstance(state, bytes) else state for state in rows["state"][()]]
        arrived = [vm for vm in wanted["vms"] if vm.state != "requested"]
        if len(states) != len(arrived):
            yield f"/vms has {len(states)} rows, expected {len(arrived)}"
            return
        for index, vm in enumerate(arrived):
            for name, value in (("id", vm.id), ("host", vm.last_host)):
                if int(rows[name][index]) != value:
                    yield f"VM {vm.id} {name}: got {int(rows[name][index])}, expected {value}"
            if isinstance(states[index], str) and states[index] != vm.state:
                yield f"VM {vm.id} state: got {states[index]}, expected {vm.state}"
            for name, value in (("arrival", vm.arrival), ("start", vm.first_start), ("end", vm.end)):
                got = float(rows[name][index])
                if value is not None and not agree(name, got, value / 1e9):
                    yield f"VM {vm.id} {name}: got {got!r}, expected {value / 1e9!r}"


def one(number):
    try:
        return number, differences(generate.generate(number), None)
    except Exception as error:  # a fault of the model is a finding too
        return number, [f"{type(error).__name__}: {error}"]


def dump(scenario):
    return yaml.safe_dump(scenario, default_flow_style=None, sort_keys=False, width=200).replace("'", "")


def shrink(text):
    """Greedy: leaves out one thing after another as long as the case still differs."""
    def differs(scenario):
        try:
            return bool(differences(dump(scenario), None))
        except Exception:
            return False

    def candidates(scenario):
        """Paths of what may be left out, large pieces first."""
        vms, hosts = scenario["workload"]["vms"], scenario["datacenter"]["hosts"]
        yield from (("workload", "vms", i) for i in reversed(range(len(vms))) if len(vms) > 1)
        yield from (("datacenter", "hosts", i) for i in reversed(range(len(hosts))) if len(hosts) > 1)
        yield from ((key,) for key in ("failures", "power") if key in scenario)
        for i, vm in enumerate(vms):
            yield from (("workload", "vms", i, key) for key in ("cpu", "priority", "checkpoint", "lifetime", "load", "memory") if key in vm)
            segments = vm.get("load", {}).get("segments", [])
            yield from (("workload", "vms", i, "load", "segments", k) for k in range(len(segments)) if len(segments) > 1)
        yield from (("datacenter", "hosts", i, "power") for i, host in enumerate(hosts) if "power" in host)

    def without(scenario, path):
        smaller = copy.deepcopy(scenario)
        at = smaller
        for key in path[:-1]:
            at = at[key]
        del at[path[-1]]
        return smaller

    scenario = yaml.load(text, yaml.BaseLoader)
    while True:
        smaller = next((s for s in (without(scenario, path) for path in candidates(scenario)) if differs(s)), None)
        if smaller is None:
            return dump(scenario)
        scenario = smaller


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--case", type=int)
    parser.add_argument("--file")
    parser.add_argument("--shrink", action="store_true")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    if options.case is not None or options.file:
        if options.file:
            with open(options.file, encoding="utf-8") as stream:
                text = stream.read()
        else:
            text = generate.generate(options.case)
        if options.shrink:
            text = shrink(text)
        if options.keep:
            with open(f"case-{options.case}.yaml", "w", encoding="utf-8") as stream:
                stream.write(text)
        print(text)
        found = differences(text, None, options.file)
        print("ambiguous" if found is None else "\n".join(found) or "no difference")
        return 1 if found else 0
    agreeing = ambiguous = 0
    differing = []
    with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        for number, found in pool.map(one, range(options.first, options.first + options.cases), chunksize=8):
            if found is None:
                ambiguous += 1
            elif found:
                differing.append(number)
                if len(differing) <= 20:
                    print(f"case {number}: {len(found)} differences")
                    for line in found[:4]:
                        print("   ", line)
            else:
                agreeing += 1
    if differing:
        print(f"all of it: tests/reference/compare.py --case {differing[0]}")
    print(f"reference: {agreeing} scenarios agree, {len(differing)} differ, {ambiguous} left out as ambiguous")
    return 1 if differing or not agreeing else 0


if __name__ == "__main__":
    sys.exit(main())
