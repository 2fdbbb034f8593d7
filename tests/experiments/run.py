#!/usr/bin/python3
"""A sweep as a user meets it: killed and resumed, its table in xarray, its page in a browser.

Holds: after kill -9 and --resume every file has the bytes of an uninterrupted sweep; xarray sees labelled dimensions and units, and the values of the
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
    assert files_of(whole) == files_of(broken), set(files_of(whole)) ^ set(files_of(broken))
    for name in files_of(whole):
        assert filecmp.cmp(os.path.join(whole, name), os.path.join(broken, name), shallow=False), f"{name} differs"
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
        table = check_table(results)
        report = check_report(folder, results)
    print(f"experiments: {resumed} and resumed to the same bytes; {table}; report with {report}")


if __name__ == "__main__":
    sys.exit(main())
