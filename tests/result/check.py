#!/usr/bin/python3
"""Result files of real runs in the hands of the tools that people use: h5py, xarray, netCDF4, pandas, h5dump, and an own digest.

Runs one scenario with all of its output, then holds: every dataset has units, a long_name and a named scale on every axis; xarray and netCDF4 open
every group with those names as dimensions; the digest, recomputed here from h5py's values, is the one recorded; `show --json` and `export` say what
h5py reads, to the last bit; equal runs give equal bytes whatever malloc returns; a killed run leaves nothing under the final name, an interrupted one a
partial file that opens; and the docs name every dataset, attribute and key. What is not installed is left out and said. Standard library and h5py.
"""
import csv
import hashlib
import importlib.util
import io
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import h5py

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
VDCSIM = os.path.abspath(os.path.join(os.environ.get("BUILD", "build"), "vdcsim"))
EVERYTHING = ["--set", "output={ticks: true, hosts: every-tick, vms: every-tick, events: true}", "--check", "--no-progress"]
SCENARIOS = ["scenarios/carbon.yaml", "scenarios/failures.yaml"]

passed, failed, left_out = 0, 0, []


def expect(holds, what):
    global passed, failed
    passed += bool(holds)
    failed += not holds
    if not holds:
        print("FAILED:", what)


def vdcsim(*words, status=0, **more):
    ran = subprocess.run([VDCSIM, *words], capture_output=True, text=True, check=False, timeout=300, **more)
    expect(ran.returncode == status, f"vdcsim {' '.join(words)} ended with {ran.returncode}: {ran.stderr[-1000:]}")
    return ran.stdout


def datasets(result):
    found = []
    result.visititems(lambda name, item: found.append("/" + name) if isinstance(item, h5py.Dataset) else None)
    return sorted(found, key=str.encode)


def digest(result):
    """As docs/result-file.md defines it."""
    lines = hashlib.sha256()
    for path in datasets(result):
        if path == "/summary/digest" or path.startswith("/checks/"):
            continue
        data = result[path]
        values = data[()]
        if data.shape == ():
            values = [values]
        kind = {"f": "real", "i": "integer", "O": "text"}[data.dtype.kind]
        groups = hashlib.sha256()
        for first in range(0, len(values), 4096):
            group = hashlib.sha256()
            if kind == "text":
                for text in values[first:first + 4096]:
                    group.update(len(text).to_bytes(8, "little") + text)
            else:
                group.update(b"".join(value.astype(value.dtype.newbyteorder("<")).tobytes() for value in values[first:first + 4096]))
            groups.update(group.digest())
        shape = "x".join(map(str, data.shape)) or "-"
        lines.update(f"{path} {kind} {shape} {groups.hexdigest()}\n".encode())
    return lines.hexdigest()


def check_structure(path):
    with h5py.File(path, "r") as result:
        expect(result.attrs["complete"] == 1, "complete is 1")
        expect(digest(result) == result.attrs["digest"], f"{path}: the digest of h5py's values is the one recorded")
        expect(hashlib.sha256(result.attrs["scenario"].encode()).hexdigest() == result.attrs["scenario_sha256"], "the scenario's sha256")
        for name in datasets(result):
            data = result[name]
            expect(isinstance(data.attrs["units"], str) and data.attrs["units"], f"{name} has units")
            expect(isinstance(data.attrs["long_name"], str) and data.attrs["long_name"], f"{name} has a long_name")
            for axis in range(data.ndim):
                scales = [name.rsplit("/", 1)[-1]] if h5py.h5ds.is_scale(data.id) else [scale.rsplit("/", 1)[-1] for scale in data.dims[axis].keys()]
                expect(len(scales) == 1 and scales[0], f"{name}: axis {axis} has one named scale")
                if not h5py.h5ds.is_scale(data.id):
                    scale = data.dims[axis][0]
                    expect(scale.shape == (data.shape[axis],), f"{name}: the scale of axis {axis} is as long as the axis")
                    expect(scale.parent == data.parent, f"{name}: the scale of axis {axis} lies in its group")
        return {name: sorted(dimensions(result, name)) for name in result if isinstance(result[name], h5py.Group)}


def dimensions(result, group):
    return {scale for data in result[group].values() for axis in range(data.ndim)
            for scale in ([data.name.rsplit("/", 1)[-1]] if h5py.h5ds.is_scale(data.id) else data.dims[axis].keys())}


def check_readers(path, groups):
    with h5py.File(path, "r") as result:
        power = result["ticks/power"][()]
        states = [state.decode() for state in result["vms/state"][()]]
    if importlib.util.find_spec("xarray") and importlib.util.find_spec("h5netcdf"):
        import xarray
        for group, names in groups.items():
            with xarray.open_dataset(path, group=group, engine="h5netcdf") as data:
                expect(sorted(data.dims) == names, f"xarray: {group} has the dimensions {names}, not {sorted(data.dims)}")
                expect(all(data[name].attrs.get("units") for name in data.variables), f"xarray: units in {group}")
        with xarray.open_dataset(path, group="ticks", engine="h5netcdf") as ticks:
            expect(ticks.P.dims == ("time", "resource") and ticks.P.sel(resource="cpu").dims == ("time",), "xarray: P by time and resource")
            expect((ticks.power.values == power).all() and ticks.power.attrs["units"] == "W", "xarray: power")
        with xarray.open_dataset(path, group="vms", engine="h5netcdf") as vms:
            expect(list(vms.state.values) == states, "xarray: states are texts")
    else:
        left_out.append("xarray with h5netcdf")
    if importlib.util.find_spec("netCDF4"):
        # In a process of its own: it brings another HDF5 library along.
        program = f"""import netCDF4
result = netCDF4.Dataset({path!r})
assert result["ticks/P"].dimensions == ("time", "resource"), result["ticks/P"].dimensions
assert list(result["vms/state"][:]) == {states!r}
assert result["ticks/power"].units == "W" and list(result["ticks/power"][:]) == {power.tolist()!r}
assert {{name: sorted(group.dimensions) for name, group in result.groups.items()}} == {groups!r}"""
        ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        expect(ran.returncode == 0, f"netCDF4: {ran.stderr[-1000:]}")
    else:
        left_out.append("netCDF4")
    if shutil.which("h5dump"):
        ran = subprocess.run(["h5dump", path], capture_output=True, text=True, check=False)
        expect(ran.returncode == 0 and 'DATASET "power"' in ran.stdout and not ran.stderr, f"h5dump: {ran.stderr[-500:]}")
        ran = subprocess.run(["h5dump", "-y", "-w", "1", "-m", "%.17g", "-d", "/ticks/power", path], capture_output=True, text=True, check=False)
        body = ran.stdout.split("DATA {", 1)[1].split("}", 1)[0]
        expect([float(value) for value in body.split(",")] == power.tolist(), "h5dump: the values of power")
    else:
        left_out.append("h5dump")


def check_commands(path):
    summary = json.loads(vdcsim("show", path, "--json"))
    with h5py.File(path, "r") as result:
        stored = {name: data[()].decode() if data.dtype.kind == "O" else data[()].item() for name, data in result["summary"].items()}
        expect(summary == stored, "show --json is the summary, to the last bit")
        expect(all(isinstance(summary[key], int) for key in stored if isinstance(stored[key], int)), "show --json: integers are integers")
        text = vdcsim("show", path)
        expect(all(key in text for key in stored), "show names every key")
        for table, axis in (("ticks", "time"), ("vms", "id"), ("hosts", "id"), ("events", "time"), ("tenants", "name"), ("rules", "number"), ("checks", "invariant")):
            if table not in result:
                continue
            rows = list(csv.DictReader(io.StringIO(vdcsim("export", path, "--table", table))))
            group, count = result[table], 0
            expect(len(rows) == len(group[axis]), f"export: rows of {table}")
            for name, data in group.items():
                main = data.name == group[axis].name or (not h5py.h5ds.is_scale(data.id) and data.dims[0][0] == group[axis])
                if not main:
                    continue
                labels = [""] if data.ndim == 1 else ["_" + (l.decode() if isinstance(l, bytes) else str(l)) for l in data.dims[1][0][()]]
                values = data[()].reshape(len(group[axis]), -1)
                for column, label in enumerate(labels):
                    count += 1
                    got = [row[name + label] for row in rows]
                    want = values[:, column]
                    if data.dtype.kind == "O":
                        same = got == [value.decode() for value in want]
                    else:
                        same = all(math.isnan(w) if g == "" else float(g) == w for g, w in zip(got, want.tolist()))
                    expect(same, f"export: {table} {name}{label}")
            expect(not rows or count == len(rows[0]), f"export: {table} has {count} columns and no others")
    if importlib.util.find_spec("pandas"):
        import pandas
        frame = pandas.read_csv(io.StringIO(vdcsim("export", path, "--table", "ticks")))
        with h5py.File(path, "r") as result:
            expect((frame["P_cpu"].values == result["ticks/P"][:, 0]).all() and len(frame) == summary["ticks"], "pandas reads the export")
    else:
        left_out.append("pandas")


def check_bytes(scenario, folder):
    contents = set()
    for number, perturb in enumerate(("0", "85", "170")):
        path = os.path.join(folder, f"same{number}.h5")
        vdcsim("run", scenario, "-o", path, *EVERYTHING, env={**os.environ, "MALLOC_PERTURB_": perturb})
        with open(path, "rb") as stream:
            contents.add(stream.read())
    expect(len(contents) == 1, "equal runs give equal bytes, whatever fresh memory holds")


LONG = """vdcsim: 1
name: long
time: {end: 3000d, tick: 1s}
datacenter: {hosts: [{class: a, count: 2, cpu: {cores: 4, speed: 2 GHz}, memory: 16 GiB}]}
workload: {vms: [{id: 0, arrival: 0s, vcpus: 2, memory: 4 GiB}]}
"""


def check_ends(folder):
    scenario, out = os.path.join(folder, "long.yaml"), os.path.join(folder, "long.h5")
    with open(scenario, "w", encoding="utf-8") as stream:
        stream.write(LONG)
    for sent, status in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130), (signal.SIGTERM, 130)):
        with subprocess.Popen([VDCSIM, "run", scenario, "-o", out, "--no-progress"], stderr=subprocess.PIPE) as process:
            while process.poll() is None and not os.path.exists(out + ".partial"):
                time.sleep(0.01)
            time.sleep(0.2)
            second = subprocess.run([VDCSIM, "run", scenario, "-o", out, "--no-progress"], capture_output=True, text=True, check=False)
            expect(second.returncode == 2 and "another run" in second.stderr, "a second run into the same file is refused")
            process.send_signal(sent)
            process.communicate()
            expect(process.returncode == status, f"{sent.name}: exit {process.returncode}")
        expect(not os.path.exists(out), f"{sent.name}: nothing under the final name")
        expect(os.path.exists(out + ".partial"), f"{sent.name}: the partial file is there")
    with h5py.File(out + ".partial", "r") as result:
        expect(result.attrs["complete"] == 0 and len(result["ticks/time"]) > 0, "the partial file opens and says so")
        expect(digest(result) == result.attrs["digest"], "the partial file's digest")
    shown = subprocess.run([VDCSIM, "show", out + ".partial", "--json"], capture_output=True, text=True, check=False)
    expect(shown.returncode == 0 and "interrupted" in shown.stderr and json.loads(shown.stdout)["ticks"] > 0, "show opens it with a warning")
    vdcsim("run", scenario, "-o", out, "--no-progress", "--set", "time.end=1h")
    expect(os.listdir(folder).count("long.h5") == 1 and not os.path.exists(out + ".partial"), "the next run replaces it")


def check_docs(path):
    page = open(os.path.join(ROOT, "docs/result-file.md"), encoding="utf-8").read()
    named = set(re.findall(r"`([^`\n]+)`", page))
    with h5py.File(path, "r") as result:
        for name in result.attrs:
            expect(name in named, f"docs/result-file.md names the attribute {name}")
        for name in datasets(result):
            _, group, key = name.split("/")
            general = re.sub(r"_(cpu|memory|disk|iops|disk_bw|net_tx|net_rx|gpu)_(core_s|byte_s|ops|bytes|milli_s)$", "_R", key)
            expect(key in named or general in named, f"docs/result-file.md names {name}")


def check_languages(path, folder):
    """The page's own lines in the languages that are installed; those of sh and Python are run by tests/docs."""
    page = open(os.path.join(ROOT, "docs/result-file.md"), encoding="utf-8").read()
    programs = {"r": ["Rscript", "-e"], "julia": ["julia", "-e"], "matlab": ["matlab", "-batch"]}
    for language, command in programs.items():
        if not shutil.which(command[0]):
            left_out.append(command[0])
            continue
        for block in re.findall(rf"^```{language}\n(.*?)^```$", page, re.S | re.M):
            ran = subprocess.run([*command, block], cwd=folder, capture_output=True, text=True, check=False, timeout=300)
            if "there is no package" in ran.stderr or "Package HDF5 not found" in ran.stderr:
                left_out.append(f"the HDF5 package of {command[0]}")
            else:
                expect(ran.returncode == 0, f"docs/result-file.md, {language}: {ran.stderr[-1000:]}")


def main():
    for scenario in SCENARIOS:
        with tempfile.TemporaryDirectory(prefix="vdcsim-result-") as folder:
            path = os.path.join(folder, "out.h5")
            vdcsim("run", scenario, "-o", path, *EVERYTHING)
            if not os.path.exists(path):
                continue
            groups = check_structure(path)
            check_readers(path, groups)
            check_commands(path)
            check_bytes(scenario, folder)
            check_docs(path)
            check_languages(path, folder)
            vdcsim("verify", path, "--base", os.path.dirname(scenario), "--no-progress")
    with tempfile.TemporaryDirectory(prefix="vdcsim-result-") as folder:
        check_ends(folder)
    said = f", left out: {', '.join(sorted(set(left_out)))} (not installed)" if left_out else ""
    print(f"result files: {passed} of {passed + failed} properties hold{said}")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
