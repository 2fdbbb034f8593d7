#!/usr/bin/python3
"""Holds `vdcsim run --check` against the reference model (model.py) on random scenarios (generate.py): placements, every tick, totals.

    compare.py [--cases N] [--first K] [--jobs J]    compares the cases K … K+N-1
    compare.py --case K [--keep]                     one case, all its differences; --keep writes it to the folder case-K
    compare.py --case K --shrink                     leaves out VMs and options as long as the case still differs, prints what remains
    compare.py --file SCENARIO.yaml                  any scenario within what the model covers
    compare.py --model                               the model itself against the small conformance cases of $VDCSIM_SHARED

A number must agree to 1e-12 relative or 1e-9 absolute; power and energy to 1e-9, because a model may take a root or a power; U of the CPU to 1e-8,
because what SMT leaves of a grant is a double rounded down to whole Hz.
"""
import argparse
import concurrent.futures
import copy
import glob
import json
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
              "arrivals": "arrivals", "placed": "placed", "rejected": "rejected", "completed": "completed", "time": "time",
              "carbon": "carbon", "carbon_intensity": "carbon_intensity"}
TICK_BY_RESOURCE = {("P", "cpu"): "P_cpu", ("P", "memory"): "P_memory", ("G", "cpu"): "G_cpu", ("S", "cpu"): "S_cpu", ("U", "cpu"): "U_cpu",
                    ("S_waste", "cpu"): "S_waste_cpu", ("S_idle", "cpu"): "S_idle_cpu", ("U", "memory"): "P_memory"}
FLOATING = ("energy", "carbon", "carbon_g", "energy_j", "facility_energy_j", "power", "cpu_active_s", "cpu_idle_s", "cpu_steal_s")


def agree(name, got, wanted):
    tolerance = 1e-9 if name in FLOATING else 1e-8 if name.startswith("U_cpu") else 1e-12
    return abs(got - wanted) <= max(1e-9, tolerance * abs(wanted))


def differences(files):
    """None when the model finds the case ambiguous, else a list of differences. files: {name: text} with case.yaml among them."""
    with tempfile.TemporaryDirectory(prefix="vdcsim-reference-") as folder:
        for name, text in files.items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as stream:
                stream.write(text)
        return differences_of(os.path.join(folder, "case.yaml"), os.path.join(folder, "case.h5"))


def differences_of(path, out):
    with open(path, encoding="utf-8") as stream:
        scenario = yaml.load(stream, yaml.BaseLoader)
    try:
        wanted = model.simulate(scenario, os.path.dirname(os.path.abspath(path)))
    except model.Ambiguous:
        return None
    try:
        ran = subprocess.run([VDCSIM, "run", path, "-o", out, "--check", "--no-progress"], capture_output=True, text=True, check=False, timeout=60)
    except subprocess.TimeoutExpired:
        return ["vdcsim run does not come to an end"]
    if ran.returncode != 0:
        return [f"vdcsim run ended with {ran.returncode}: {(ran.stdout + ran.stderr).strip()}"]
    with h5py.File(out, "r") as result:
        return list(compare(result, wanted, scenario.get("output", {}).get("vms") != "none"))


def compare(result, wanted, with_vms):
    summary = result["summary"]
    for key, value in wanted["summary"].items():
        if key not in summary:
            yield f"summary {key} is missing, expected {float(value)}"
        elif not agree(key, float(summary[key][()]), float(value)):
            yield f"summary {key}: got {float(summary[key][()])!r}, expected {float(value)!r}"
    ticks = result["ticks"]
    count = len(wanted["ticks"])
    if len(ticks["time"]) != count:
        yield f"{len(ticks['time'])} ticks, expected {count}"
        count = min(count, len(ticks["time"]))
    absent = (() if "energy_j" in wanted["summary"] else ("energy", "power")) + (() if "carbon_g" in wanted["summary"] else ("carbon", "carbon_intensity"))
    resources = [name.decode() if isinstance(name, bytes) else str(name) for name in ticks["resource"][()]]
    series = {name: (ticks[name][()] if name in ticks else None, key) for name, key in TICK_PLAIN.items()
              if name not in absent}
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
    if with_vms and "vms" not in result:
        yield "/vms is missing"
    elif with_vms:
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
            if states[index] != vm.state:
                yield f"VM {vm.id} state: got {states[index]}, expected {vm.state}"
            for name, value in (("arrival", vm.arrival), ("start", vm.first_start), ("end", vm.end)):
                got = float(rows[name][index])
                if value is not None and not agree(name, got, value / 1e9):
                    yield f"VM {vm.id} {name}: got {got!r}, expected {value / 1e9!r}"


def one(number):
    try:
        return number, differences(generate.generate(number))
    except Exception as error:  # a fault of the model is a finding too
        return number, [f"{type(error).__name__}: {error}"]


def dump(scenario):
    return yaml.safe_dump(scenario, default_flow_style=None, sort_keys=False, width=200).replace("'", "")


def shrink(files):
    """Greedy: leaves out one thing after another as long as the case still differs. Traces stay as they are."""
    def differs(scenario):
        try:
            return bool(differences({**files, "case.yaml": dump(scenario)}))
        except Exception:  # what is left is no scenario any more
            return False

    def candidates(scenario):
        """Paths of what may be left out, large pieces first."""
        vms, hosts = scenario["workload"].get("vms", []), scenario["datacenter"]["hosts"]
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

    scenario = yaml.load(files["case.yaml"], yaml.BaseLoader)
    while True:
        smaller = next((s for s in (without(scenario, path) for path in candidates(scenario)) if differs(s)), None)
        if smaller is None:
            return {**files, "case.yaml": dump(scenario)}
        scenario = smaller


def check_model(shared):
    """The model alone against published values, so that two mistakes of one kind do not agree with each other."""
    agreeing = differing = 0
    for path in sorted(glob.glob(os.path.join(shared, "conformance", "opendc", "*.yaml")) + glob.glob(os.path.join(shared, "conformance", "cpu", "*.yaml"))):
        with open(path, encoding="utf-8") as stream:
            scenario = yaml.load(stream, yaml.BaseLoader)
        if "trace" in scenario["workload"]:
            continue  # a week of a real cluster: too long for a model that looks at everything at every step
        with open(path[:-4] + "json", encoding="utf-8") as stream:
            wanted = json.load(stream)
        got = model.simulate(scenario, os.path.dirname(path))
        rows = [(f"summary {key}", got["summary"][key], value) for key, value in wanted.get("summary", {}).items()]
        rows += [(f"ticks {name}[{i}]", got["ticks"][int(i)][name], value) for name, values in wanted.get("ticks", {}).items() for i, value in values.items()]
        wrong = [row for row in rows if abs(float(row[1]) - row[2]) > max(1e-6, 1e-9 * abs(row[2]))]
        for name, value, expected in wrong:
            print(f"{path}: {name}: the model has {float(value)!r}, published is {expected!r}")
        agreeing, differing = agreeing + (not wrong), differing + bool(wrong)
    print(f"reference model: {agreeing} conformance cases agree, {differing} differ" if agreeing + differing else f"skipped: no {shared}/conformance")
    return 1 if differing else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--case", type=int)
    parser.add_argument("--file")
    parser.add_argument("--shrink", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--model", action="store_true")
    options = parser.parse_args()
    if options.model:
        return check_model(os.environ.get("VDCSIM_SHARED", "../shared"))
    if options.file:
        with tempfile.TemporaryDirectory(prefix="vdcsim-reference-") as folder:
            found = differences_of(options.file, os.path.join(folder, "out.h5"))
    elif options.case is not None:
        files = generate.generate(options.case)
        if options.shrink:
            files = shrink(files)
        for name, text in files.items():
            print(f"--- {name}\n{text}")
            if options.keep:
                path = os.path.join(f"case-{options.case}", name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8") as stream:
                    stream.write(text)
        found = differences(files)
    if options.file or options.case is not None:
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
