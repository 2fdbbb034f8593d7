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
import fractions
import html.parser
import math
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import h5py
import xarray
import yaml

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
        wait_for(lambda: not subprocess.run(["squeue", "-h"], capture_output=True, text=True, check=False, env=slurm.environment).stdout.strip(), 600)
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


def again(folder, results):
    """A sweep's folder has all that is needed to run it again, wherever it lies: also the trace that its runs read."""
    home = os.path.join(folder, "home")
    os.makedirs(os.path.join(home, "scenarios"))
    os.makedirs(os.path.join(home, "data"))
    with open(os.path.join(home, "data", "vms.csv"), "w", encoding="utf-8") as stream:
        stream.write("arrival_s,lifetime_min,vcpus,memory_gib\n0,90,4,8\n12.5,30,2,4\n60,100,8,16\n")
    with open(os.path.join(home, "scenarios", "small.yaml"), "w", encoding="utf-8") as stream:
        stream.write("vdcsim: 1\ndatacenter: {hosts: [{count: 2, cpu: {cores: 8}, memory: 64 GiB}]}\n"
                     "workload: {trace: {format: vdcsim, path: ../data/vms.csv}}\n")
    with open(os.path.join(home, "sweep.yaml"), "w", encoding="utf-8") as stream:
        stream.write("sweep: 1\nextends: scenarios/small.yaml\naxes: {datacenter.hosts.0.count: [1, 2]}\nseeds: 2\n")
    vdcsim("sweep", os.path.join(home, "sweep.yaml"), "-o", os.path.join(folder, "there"))
    shutil.rmtree(home)
    for old, new in ((os.path.join(folder, "there"), os.path.join(folder, "there-again")), (results, os.path.join(folder, "whole-again"))):
        vdcsim("sweep", old, "-o", new)
        compare(old, new)
    return "run again from its folder alone"


def half_width(values):
    """Of Student's 95 % interval of the mean, as a share of it."""
    quantile = {3: 4.302653, 4: 3.182446, 5: 2.776445, 6: 2.570582, 7: 2.446912, 8: 2.364624, 9: 2.306004, 10: 2.262157, 11: 2.228139, 12: 2.200985,
                13: 2.178813, 14: 2.160369, 15: 2.144787, 16: 2.131450, 17: 2.119905, 18: 2.109816, 19: 2.100922, 20: 2.093024}[len(values)]
    return quantile * statistics.stdev(values) / math.sqrt(len(values)) / statistics.mean(values)


def stops(folder):
    """A sweep that stops by itself: with as many seeds for all policies as the widest interval asks for, killed or not."""
    path, whole, broken = os.path.join(folder, "stop.yaml"), os.path.join(folder, "stop"), os.path.join(folder, "stop-broken")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(f"sweep: 1\nextends: {os.path.dirname(SWEEP)}/cloud.yaml\nset: {{workload.generate.count: 400}}\n"
                     "policies: {first-fit: {placement: {policy: first-fit}}, worst-fit: {placement: {policy: worst-fit}}}\n"
                     "seeds: 20\nstop: {metric: energy_j, half_width: 1.2%, least: 3}\n")
    said = vdcsim("sweep", path, "-o", whole).stderr
    with xarray.open_dataset(os.path.join(whole, "sweep.h5"), engine="h5netcdf") as table:
        seeds = table.sizes["seed"]
        assert 3 < seeds < 20, "no test: it ran no round or all seeds"
        assert f"{seeds} of at most 20 seeds" in said and "not all" not in said, said
        energy = table.energy_j.values
        assert max(half_width(list(row)) for row in energy) <= 0.012
        assert max(half_width(list(row[:3])) for row in energy) > 0.012, "three seeds were enough: no test"
    process = subprocess.Popen([VDCSIM, "sweep", path, "-o", broken, "-j2"], stderr=subprocess.DEVNULL)
    wait_for(lambda: os.path.isdir(os.path.join(broken, "runs")) and sum(name.endswith(".h5") for name in os.listdir(os.path.join(broken, "runs"))) > 6, 60)
    process.send_signal(signal.SIGKILL)
    process.wait()
    vdcsim("sweep", path, "-o", broken, "--resume")
    compare(whole, broken)
    return f"stopped at {seeds} of 20 seeds"


def check_series(results):
    """Means after a given warm-up, against /ticks itself."""
    lines = vdcsim("compare", os.path.join(results, "runs", "00_first-fit_1_seed-1.h5"), os.path.join(results, "runs", "30_worst-fit_1_seed-1.h5"),
                   "--series", "power", "--warm-up", "12h", "--csv", os.path.join(results, "..", "series.csv")).stdout
    assert "mean_power" in lines, lines
    with open(os.path.join(results, "..", "series.csv"), newline="", encoding="utf-8") as stream:
        row = next(csv.DictReader(stream))
    with h5py.File(os.path.join(results, "runs", "00_first-fit_1_seed-1.h5"), "r") as result:
        time, power = result["ticks/time"][()], result["ticks/power"][()]
        wanted = power[time > 12 * 3600].mean()
    assert abs(float(row["mean"]) - wanted) < 1e-9 * wanted, (row, wanted)
    return "means after the warm-up agree"


def check_bills(folder):
    """Bills of scenarios/prices.yaml by an independent calculation from the table of VMs, exactly, for VMs that were never displaced."""
    path = os.path.join(folder, "prices.h5")
    scenario = os.path.abspath("scenarios/prices.yaml")
    vdcsim("run", scenario, "-o", path, "--set", "prices.reservations=[]", "--set", "schedulers.admission.policy=fifo", "--set",
           "schedulers.admission.preemption=~", "--check")
    with open(scenario, encoding="utf-8") as stream:
        prices = yaml.safe_load(stream)["prices"]
    flavors = [(row["vcpus"], int(row["memory"].split()[0]) << 30, fractions.Fraction(str(row["on_demand"])), fractions.Fraction(str(row["spot"])))
               for row in prices["flavors"]]
    total = credits = 0
    with h5py.File(path, "r") as result:
        vms = {name: result["vms"][name][()] for name in ("vcpus", "memory", "group", "start", "end", "wait", "bill", "credit", "T_cpu_core_s", "ready_core_s", "tenant")}
        end = result["summary/end_s"][()]
        summary = {key: result["summary"][key][()] for key in ("revenue_total", "revenue_spot", "cost_sla_credits")}
        tenants = dict(zip(result["tenants/name"][()], result["tenants/bill"][()]))
    sums = collections.Counter()
    for i in range(len(vms["vcpus"])):
        fits = [row for row in flavors if vms["vcpus"][i] <= row[0] and vms["memory"][i] <= row[1]]
        spot = vms["group"][i] == b"batch"
        if fits:
            cheapest = min(fits, key=lambda row: row[2])
            hourly = cheapest[3] if spot else cheapest[2]
        else:
            units = prices["units"]
            hourly = fractions.Fraction(str(units["vcpu"])) * int(vms["vcpus"][i]) + fractions.Fraction(str(units["memory"])) * (int(vms["memory"][i]) >> 30)
            hourly *= fractions.Fraction(35, 100) if spot else 1
        bill = 0
        if not math.isnan(vms["start"][i]):
            nanoseconds = round((end if math.isnan(vms["end"][i]) else vms["end"][i]) * 1e9) - round(vms["start"][i] * 1e9)
            minutes = -(-nanoseconds // 60000000000)
            bill = math.floor(hourly * minutes / 60 * 10**9 + fractions.Fraction(1, 2))
        short = vms["ready_core_s"][i] / (vms["T_cpu_core_s"][i] + vms["ready_core_s"][i]) if vms["T_cpu_core_s"][i] > 0 else 0
        share = 25 if short > 0.05 else 10 if vms["wait"][i] > 300 else 0
        credit = math.floor(fractions.Fraction(bill * share, 100) + fractions.Fraction(1, 2))
        assert (bill, credit) == (vms["bill"][i], vms["credit"][i]), f"VM {i}: {bill}, {credit} but {vms['bill'][i]}, {vms['credit'][i]}"
        total, credits = total + bill, credits + credit
        sums[vms["tenant"][i]] += bill
    assert credits > 0 and dict(sums) == tenants
    assert summary["revenue_total"] == total / 10**9 and summary["cost_sla_credits"] == credits / 10**9, summary
    return f"{len(vms['vcpus'])} bills agree to the last digit"


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
        rest = ", ".join((again(folder, results), stops(folder), check_series(results), check_bills(folder)))
    print(f"experiments: {resumed} and resumed to the same bytes; {spread}; {rest}; {table}; report with {report}")


if __name__ == "__main__":
    sys.exit(main())
