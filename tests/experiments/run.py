#!/usr/bin/python3
"""A sweep as a user meets it: killed and resumed, its table in xarray, its page in a browser.

Also by two processes of Open MPI and by a Slurm job array on a one-node Slurm of its own, where those are installed ("skipped" where not).

Holds: after kill -9 and --resume, and however the work was spread, every file has the bytes of an uninterrupted sweep; xarray sees labelled dimensions and units, and the values of the
result files; the report loads nothing, has one title and no two equal ids, and is no wider than a phone (Chromium, where it is installed).
Standard library, h5py and xarray.
"""
import collections
import csv
import filecmp
import html.parser
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import h5py
import xarray

VDCSIM = os.path.abspath(os.path.join(os.environ.get("BUILD", "build"), "vdcsim"))
SWEEP = os.path.abspath("scenarios/experiments/policies.yaml")


def vdcsim(*words, expect=0):
    ran = subprocess.run([VDCSIM, *words], capture_output=True, text=True, check=False, timeout=600)
    assert ran.returncode == expect, f"vdcsim {' '.join(words)} ended with {ran.returncode}: {ran.stderr[-1500:]}"
    return ran


def files_of(folder):
    return sorted(os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names)


def compare(whole, other, besides=()):
    """Every file of the one has the same bytes in the other; those that spread the work may be there besides."""
    mine, theirs = files_of(whole), [name for name in files_of(other) if not name.startswith((".claims", *besides))]
    assert mine == theirs, set(mine) ^ set(theirs)
    for name in mine:
        assert filecmp.cmp(os.path.join(whole, name), os.path.join(other, name), shallow=False), f"{name} differs"


def by_mpi(folder, whole):
    mpirun = shutil.which("mpirun")
    if not mpirun:
        return "MPI skipped: no mpirun"
    shared = os.path.join(folder, "mpi")
    words = [mpirun, "-n", "2", "--oversubscribe", *(["--allow-run-as-root"] if os.geteuid() == 0 else []), VDCSIM, "sweep", SWEEP, "-o", shared]
    ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    assert ran.returncode == 0, ran.stderr[-1500:]
    parts = [int(found) for found in re.findall(r"^(\d+) of 45 runs done by this process", ran.stderr, re.M)]
    assert len(parts) == 2 and sum(parts) == 45 and min(parts) > 0, ran.stderr
    compare(whole, shared)
    return f"MPI {parts[0]} + {parts[1]}"


class Slurm:
    """A Slurm of one node with files of its own, as long as the block lasts."""

    def __init__(self, folder):
        self.folder, self.processes = os.path.join(folder, "slurm"), []
        self.conf = os.path.join(self.folder, "slurm.conf")
        self.environment = dict(os.environ, SLURM_CONF=self.conf)

    def start(self, *words):
        with open(os.path.join(self.folder, os.path.basename(words[0]) + ".out"), "w", encoding="utf-8") as out:
            self.processes.append(subprocess.Popen(words, stdout=out, stderr=out, env=self.environment))

    def __enter__(self):
        munge, host = os.path.join(self.folder, "munge"), os.uname().nodename.split(".")[0]
        for name in ("state", "spool", "munge"):
            os.makedirs(os.path.join(self.folder, name))
        os.chmod(munge, 0o700)
        with open(os.path.join(munge, "key"), "wb") as stream:
            stream.write(os.urandom(1024))
        os.chmod(os.path.join(munge, "key"), 0o400)
        ports = [free_port(), free_port()]
        with open(self.conf, "w", encoding="utf-8") as stream:
            stream.write(f"""ClusterName=test
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket={munge}/socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation={self.folder}/state
SlurmdSpoolDir={self.folder}/spool
SlurmctldPidFile={self.folder}/slurmctld.pid
SlurmdPidFile={self.folder}/slurmd.pid
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
""")
        self.start("/usr/sbin/munged", "--foreground", "--force", f"--socket={munge}/socket", f"--key-file={munge}/key", f"--log-file={munge}/log",
                   f"--pid-file={munge}/pid", f"--seed-file={munge}/seed")
        wait_for(lambda: os.path.exists(f"{munge}/socket"), 10)
        self.start("/usr/sbin/slurmctld", "-D", "-f", self.conf)
        self.start("/usr/sbin/slurmd", "-D", "-f", self.conf)
        wait_for(lambda: "idle" in subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True, text=True, check=False, env=self.environment).stdout, 30)
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(holds, seconds):
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.1)


def by_slurm(folder, whole):
    needed = ("/usr/sbin/munged", "/usr/sbin/slurmctld", "/usr/sbin/slurmd", "/usr/bin/sbatch")
    if os.geteuid() != 0 or not all(os.access(name, os.X_OK) for name in needed):
        return "Slurm skipped: it needs root, slurmctld, slurmd and munge"
    shared = os.path.join(folder, "array")
    with Slurm(folder) as slurm:
        ran = subprocess.run([VDCSIM, "sweep", SWEEP, "-o", shared, "--slurm", "2"], capture_output=True, text=True, check=False, env=slurm.environment)
        assert ran.returncode == 0 and "Submitted batch job" in ran.stdout, ran.stdout + ran.stderr
        wait_for(lambda: not subprocess.run(["squeue", "-h"], capture_output=True, text=True, check=False, env=slurm.environment).stdout.strip(), 180)
    logs = [open(os.path.join(shared, f"sweep-{task}.log"), encoding="utf-8").read() for task in range(2)]
    parts = [int(re.search(r"^(\d+) of 45 runs done by this process", log, re.M).group(1)) for log in logs]
    assert sum(parts) == 45, logs
    compare(whole, shared, besides=("sweep.sbatch", "sweep-"))
    return f"Slurm {parts[0]} + {parts[1]}"


def kill_and_resume(folder):
    whole, broken = os.path.join(folder, "whole"), os.path.join(folder, "broken")
    vdcsim("sweep", SWEEP, "-o", whole, "-j2")
    process = subprocess.Popen([VDCSIM, "sweep", SWEEP, "-o", broken, "-j2"], stderr=subprocess.DEVNULL)
    until = time.monotonic() + 120
    runs = os.path.join(broken, "runs")
    while process.poll() is None and time.monotonic() < until:
        if os.path.isdir(runs) and sum(name.endswith(".h5") for name in os.listdir(runs)) >= 5:
            break
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = sum(name.endswith(".h5") for name in os.listdir(runs))
    assert done < 45, "the sweep was over before it was killed"
    assert "--resume" in vdcsim("sweep", SWEEP, "-o", broken, expect=2).stderr
    vdcsim("sweep", SWEEP, "-o", broken, "--resume", "-j1")
    compare(whole, broken)
    return whole, f"killed after {done} of 45 runs"


def check_table(folder):
    with xarray.open_dataset(os.path.join(folder, "sweep.h5"), engine="h5netcdf") as table:
        assert dict(table.sizes) == {"policy": 3, "overcommit.cpu": 3, "seed": 5}, table.sizes
        assert list(table.policy.values) == ["first-fit", "best-fit", "worst-fit"]
        assert list(table["overcommit.cpu"].values) == [1, 1.5, 2]
        assert list(table.seed.values) == [1, 2, 3, 4, 5]
        assert table.energy_j.attrs["units"] == "J" and table.energy_j.dims == ("policy", "overcommit.cpu", "seed")
        assert (table.outcome == "completed").all()
        compared = 0
        for index in range(45):
            at = {"policy": index // 15, "overcommit.cpu": index // 5 % 3, "seed": index % 5}
            cell = table.isel(at)
            with h5py.File(os.path.join(folder, str(cell.file.values)), "r") as result:
                assert result.attrs["seed"] == cell.seed.values
                for key in ("energy_j", "T_cpu_core_s", "wait_p99_s"):
                    assert result["summary"][key][()] == cell[key].values, f"{cell.file.values}: {key}"
                    compared += 1
    with open(os.path.join(folder, "sweep.csv"), newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 45 and all(float(row["energy_j"]) > 0 for row in rows)
    return f"{compared} values agree"


class Page(html.parser.HTMLParser):
    """Counts what may not be there."""

    def __init__(self):
        super().__init__()
        self.ids, self.loads, self.titles, self.pictures = collections.Counter(), [], 0, 0

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name == "id":
                self.ids[value] += 1
            if name in ("src", "href", "xlink:href", "data", "action") and value and not value.startswith(("#", "data:")):
                self.loads.append(f"{tag} {name}={value}")
        self.pictures += tag == "svg"
        if tag in ("script", "link", "iframe", "object", "embed"):
            self.loads.append(tag)


def check_report(folder, results):
    path = os.path.join(folder, "report.html")
    vdcsim("report", results, "-o", path, "--baseline", "policy=first-fit")
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    page = Page()
    page.feed(text)
    assert not page.loads, page.loads
    twice = [name for name, count in page.ids.items() if count > 1]
    assert not twice, twice
    if shutil.which("gnuplot"):
        assert page.pictures >= 10, page.pictures
    references = set(re.findall(r"href=['\"]#([^'\"]+)", text)) | set(re.findall(r"url\(#([^)]+)\)", text))
    assert references <= set(page.ids), references - set(page.ids)
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if not browser:
        return f"{page.pictures} pictures, browser skipped: Chromium is not installed"
    # The width of the page in a frame as wide as a phone, written into the title of the page around it.
    around = os.path.join(folder, "around.html")
    with open(around, "w", encoding="utf-8") as stream:
        stream.write("""<html><title>?</title><body><iframe id=f src="report.html" width=390 height=800></iframe><script>
            f.onload = () => { const d = f.contentDocument; document.title = 'width=' + d.documentElement.scrollWidth + ' figures=' +
            d.querySelectorAll('figure').length + ' heading=' + d.querySelector('h1').textContent }</script></body></html>""")
    ran = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files", "--virtual-time-budget=20000",
                          "--dump-dom", "file://" + around], capture_output=True, text=True, check=False, timeout=120)
    found = re.search(r"width=(\d+) figures=(\d+) heading=([^<]*)", ran.stdout)
    assert found, ran.stdout[:400] + ran.stderr[-400:]
    assert int(found.group(1)) <= 390, f"the page is {found.group(1)} points wide on a phone of 390"
    assert int(found.group(2)) == page.pictures and found.group(3) == "cloud", found.group(0)
    return f"{page.pictures} pictures, {found.group(1)} points wide on a phone"


def main():
    with tempfile.TemporaryDirectory(prefix="vdcsim-experiments-") as folder:
        results, resumed = kill_and_resume(folder)
        spread = f"{by_mpi(folder, results)}, {by_slurm(folder, results)}"
        table = check_table(results)
        report = check_report(folder, results)
    print(f"experiments: {resumed} and resumed to the same bytes; {spread}; {table}; report with {report}")


if __name__ == "__main__":
    sys.exit(main())
