#!/usr/bin/python3
"""Turns the JSON lines of `vdcsim bench` (standard input) into docs/performance.md (standard output).

    make bench-page                              # all of them: an hour on a quiet machine
    make bench-page BENCH="placement.vm --quick" # some, small sizes only
    tools/bench_page.py "A word on this edition." <lines >docs/performance.md

Every figure on the page comes from these lines; machine, compiler and date are those of this run. Standard library only.
"""
import datetime
import json
import os
import subprocess
import sys

NOTES = {
    "engine.hold": "The earliest event is taken and one is pushed a random time later, with a constant number of pending events. *auto* is what "
                   "runs use: a heap, beside it a ladder of buckets from 17 000 pending events on, and lanes for instants at which many events are "
                   "due. Wanted: at most 80 ns at 1 000 pending, 200 ns at 1 000 000, 40 bytes a pending event.",
    "engine.cancel": "A random pending event is cancelled and another pushed.",
    "flows.leaf-spine": "1 000 flows over shared links; one ends, another starts.",
    "placement.policies": "A VM comes and another one goes: the decision and the upkeep of the index, without the rest of a run. Hosts of 64 vCPUs "
                          "and 256 GiB, 32 VM shapes, 85 % of the CPU taken. Wanted at 10 000 and 1 000 000 hosts: at most 3 000 and 10 000 ns "
                          "for every policy whose score depends on one host's state alone. Policies whose score depends on time, on neighbours "
                          "or on the whole fleet cost what they cost.",
    "placement.shapes": "The same on 10 000 hosts by number of different VM sizes. Wanted: first-fit and best-fit at most 10 000 ns with 10 000 "
                        "shapes.",
    "placement.vm": "What one VM costs in a whole run, from arrival to departure, P, T, S and U kept and no output per VM, beside a bare loop of "
                    "sorted arrivals, the same placement index and departures. Wanted: a ratio of at most 3.5.",
    "placement.rules": "The same whole run under best-fit with 50 tenants in racks of 40 hosts, without rules and with one hard (or soft) rule "
                       "on every tenant, by turns. Wanted: a ratio of at most 3. The other ratio is to a run that keeps the domains' exposure "
                       "without any rule.",
    "run.generated": "Whole runs of generated VMs, from the first to the last, without a file. Memory follows the VMs alive (7.25 a host), not those that come.",
    "run.endurance": "One run, looked at on its way (`vdcsim bench run.endurance`; not among those that run without a name). Its memory follows the VMs "
                     "alive: it must not grow with the events.",
    "run.plain-trace": "A CSV of VMs on 1 000 hosts, first-fit, with a result file.",
    "run.surf-week": "A week of a real cluster, beside unpacking and parsing its file alone.",
}


def output_of(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().split("\n")[0]
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return f"{names[0]}, {len(names)} hardware threads" if names else "unknown processor"


def cell(value):
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".").replace(",", " ")
    return f"{value:,}".replace(",", " ") if isinstance(value, int) else str(value)


def table(rows):
    """One column a key, in the order of their first use."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    numbers = {key for key in keys if all(isinstance(row.get(key, 0), (int, float)) for row in rows)}
    lines = ["| " + " | ".join(key.replace("_", " ") for key in keys) + " |",
             "| " + " | ".join("---:" if key in numbers else "---" for key in keys) + " |"]
    lines += ["| " + " | ".join(cell(row.get(key, "")) for key in keys) + " |" for row in rows]
    return lines


def pivot(rows, across, value):
    """A column for each value of `across`, where that is what the rows differ in."""
    merged = {}
    for row in rows:
        key = tuple((k, v) for k, v in row.items() if k not in (across, value, "vms", "search"))
        merged.setdefault(key, {})[f"{cell(row[across])} {across}"] = row[value]
    return [dict(key) | values for key, values in merged.items()]


def main():
    groups, lines = {}, []
    for line in sys.stdin:
        row = json.loads(line)
        groups.setdefault(row.pop("benchmark"), []).append(row)
    if not groups:
        sys.exit("no lines of vdcsim bench on standard input")
    compiler = output_of(os.environ.get("CC", "cc").split()[0], "--version")
    load = os.getloadavg()
    lines += ["# What it costs", "",
              "`make bench-page` runs `vdcsim bench` and makes this page of its lines; every figure comes from there. CPU time, medians where a",
              "line says `ratio` or `ns per vm`; both sides of a ratio are measured in one run. Other programs on the machine make the figures",
              "larger: the load stands below.", "", *[text + "\n" for text in sys.argv[1:]],
              f"Machine: {processor()}. Compiler: {compiler}. Date: {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}. "
              f"Load average at the end: {load[0]:.1f}, {load[2]:.1f} over 15 minutes.", ""]
    for name, rows in groups.items():
        lines += [f"## {name}", ""]
        if name in NOTES:
            lines += [NOTES[name], ""]
        if name == "placement.policies":
            rows = pivot(rows, "hosts", "ns_per_vm")
        elif name == "placement.shapes":
            rows = pivot(rows, "shapes", "ns_per_vm")
        lines += table(rows) + [""]
    print("\n".join(lines), end="")


if __name__ == "__main__":
    main()
