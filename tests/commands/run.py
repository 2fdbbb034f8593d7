#!/usr/bin/python3
"""The commands on results and sweeps as users, shells and terminals meet them: names of runs, exit statuses, signals, pipes, sweeps taken up again.

Arguments: parts of names of checks to choose some. Standard library alone.
"""
import contextlib
import fcntl
import hashlib
import os
import pty
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

VDCSIM = os.path.abspath(os.path.join(os.environ.get("BUILD", "build"), "vdcsim"))

ONE = """vdcsim: 1
name: one
time: {tick: 1min}
datacenter:
  hosts: [{class: server, count: 1, cpu: {cores: 8, speed: 2.5 GHz}, memory: 128 GiB, power: {model: linear, idle: 100 W, max: 200 W}}]
workload:
  vms:
    - {id: 1, vcpus: 8, memory: 32 GiB, lifetime: 20min}
"""
ENDLESS = ONE.replace("lifetime: 20min", "load: {segments: [[10min, 20 GHz], [10min, 5 GHz]]}").replace("{tick: 1min}", "{tick: 1s, end: 1000000000s}")


def vdcsim(*words, status=0, **more):
    ran = subprocess.run([VDCSIM, *words], capture_output=True, text=True, check=False, timeout=300, **more)
    assert ran.returncode == status, f"vdcsim {' '.join(words)} ended with {ran.returncode}, not {status}: {ran.stderr.strip()[-1500:]}"
    return ran


def write(name, text):
    with open(name, "w", encoding="utf-8") as stream:
        stream.write(text)


def read(name):
    with open(name, encoding="utf-8") as stream:
        return stream.read()


def two_of_one_name():
    """a/x.h5 and b/x.h5: one host and two."""
    write("one.yaml", ONE)
    for folder, hosts in (("a", 1), ("b", 2)):
        os.mkdir(folder)
        vdcsim("run", "one.yaml", "-o", f"{folder}/x.h5", "--no-progress", "--set", f"datacenter.hosts.0.count={hosts}")


def names_of_runs():
    """Results that share a file name are told apart in tables, pictures and pages; so are labels that make one file name."""
    two_of_one_name()
    table = vdcsim("compare", "a/x.h5", "b/x.h5", "a/x.h5").stdout
    assert re.search(r"^ +a/x\.h5 +a/x\.h5 \(2\) +b/x\.h5$", table, re.M), table
    vdcsim("report", "a/x.h5", "b/x.h5", "-o", "page.html")
    page = read("page.html")
    ids = re.findall(r""" id=["']([^"']*)""", page)
    assert ids and len(ids) == len(set(ids)), "ids repeat in the page"
    write("sweep.yaml", "sweep: 1\nextends: one.yaml\npolicies:\n  größe: {placement: {policy: first-fit}}\n  grüße: {placement: {policy: best-fit}}\n")
    vdcsim("sweep", "sweep.yaml", "-o", "sw", "--no-progress")
    drawn = vdcsim("plot", "sw", "-o", "pictures", "-k", "accounts", "-k", "queue").stdout.split()
    assert len(drawn) == len(set(drawn)) == 4 and all(os.path.exists(name) for name in drawn), drawn


def picture_that_fails():
    """Where no VM that waited has ended there is a picture all the same; where gnuplot fails none is left."""
    write("waits.yaml", ONE.replace("{tick: 1min}", "{tick: 1min, end: 1h}") + "    - {id: 2, vcpus: 8, memory: 32 GiB}\n")
    vdcsim("run", "waits.yaml", "-o", "waits.h5", "--no-progress")
    vdcsim("plot", "waits.h5", "-o", "waits", "-k", "waiting")
    os.mkdir("bin")
    write("bin/gnuplot", "#!/bin/sh\necho half > waiting.svg\nexit 1\n")
    os.chmod("bin/gnuplot", 0o755)
    path = f"{os.getcwd()}/bin:{os.environ['PATH']}"
    vdcsim("plot", "waits.h5", "-o", "half", "-k", "waiting", status=1, env={**os.environ, "PATH": path})
    assert not os.path.exists("half/waiting.svg"), "half a picture was left"


def sweep_by_slurm():
    """The script of a job array does the sweep of a folder, whose sweep.yaml alone would not find its scenario."""
    os.mkdir("from")
    write("from/one.yaml", ONE)
    write("from/sweep.yaml", "sweep: 1\nextends: one.yaml\nseeds: 2\n")
    vdcsim("sweep", "from/sweep.yaml", "-o", "done", "--no-progress")
    os.mkdir("bin")
    write("bin/sbatch", '#!/bin/sh\nexec sh "$1"\n')
    os.chmod("bin/sbatch", 0o755)
    vdcsim("sweep", "done", "-o", "again", "--slurm", "1", env={**os.environ, "PATH": f"{os.getcwd()}/bin:{os.environ['PATH']}"})
    assert read("again/sweep.csv") == read("done/sweep.csv")


def sweep_taken_up_again():
    """Not with other inputs; what failed is tried once a sweep, counted once, and tried again by --resume. Inputs with dots in their names are kept."""
    write("t..v2.csv", "arrival_s,lifetime_s,vcpus,memory_gib\n0,600,2,1\n")
    write("late.yaml", ONE[:ONE.index("workload")] + "workload: {trace: {format: vdcsim, path: t..v2.csv}}\n")
    write("inputs.yaml", "sweep: 1\nextends: late.yaml\nseeds: 2\n")
    vdcsim("sweep", "inputs.yaml", "-o", "inputs", "--no-progress")
    assert read("inputs/again/0/t..v2.csv") == read("t..v2.csv")
    os.unlink("inputs/runs/1_seed-2.h5")
    write("t..v2.csv", "arrival_s,lifetime_s,vcpus,memory_gib\n0,60,2,1\n")
    refused = vdcsim("sweep", "inputs.yaml", "-o", "inputs", "--no-progress", "--resume", status=2).stderr
    assert "t..v2.csv: is not the file that inputs/runs/0_seed-1.h5 read" in refused and not os.path.exists("inputs/runs/1_seed-2.h5"), refused

    write("one.yaml", ONE)
    write("fail.sh", "read hello\necho '{\"ready\":1}'\nwhile read line; do case \"$line\" in *decide*) exit 3;; esac; done\n")
    write("fail.yaml", "sweep: 1\nextends: one.yaml\naxes:\n  schedulers.placement: [{policy: first-fit}, {policy: process, command: [sh, fail.sh]}]\n"
                       "seeds: 8\nstop: {metric: energy_j, half_width: 1, least: 2}\n")
    for more in ((), ("--resume",)):
        said = vdcsim("sweep", "fail.yaml", "-o", "fail", "--no-progress", "--check", *more, status=1).stderr
        assert said.count(" failed: ") == 2 and "2 of 4 runs done, 2 failed" in said and "2 of at most 8 seeds" in said, said
        assert "--check" in said, said
    # What a failed run said stands above a result beside it: as after a check that did not hold.
    said = first_run("fail")
    write(said, "an invariant did not hold\n")
    vdcsim("sweep", "fail.yaml", "-o", "fail", "--no-progress", "--resume", status=1)
    assert read("fail/sweep.csv").count(",completed,") == 2 and not os.path.exists(said)


def first_run(folder):
    """Where a sweep's first run that did not fail would say why it failed."""
    result = min(name for name in os.listdir(f"{folder}/runs") if name.endswith(".h5"))
    return f"{folder}/runs/{result[:-3]}.txt"


@contextlib.contextmanager
def console(*words, terminal=False):
    """A console with a pipe or a terminal before it, and where to write to it."""
    ours, theirs = pty.openpty() if terminal else reversed(os.pipe())
    command = [VDCSIM, "console", *words]
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        os.close(theirs)
        try:
            yield process, ours
        finally:
            process.kill()
            with contextlib.suppress(OSError):
                os.close(ours)


def until_said(process, wanted):
    """Reads what the console prints up to these bytes."""
    said = b""
    while wanted not in said:
        piece = os.read(process.stdout.fileno(), 4096)
        assert piece, said
        said += piece


def console_and_signals():
    """SIGINT breaks a command, and the next one runs; SIGTERM ends the console with status 130, at a pipe and at a terminal."""
    write("endless.yaml", ENDLESS)
    with console("endless.yaml", "-o", "endless.h5") as (process, keys):
        for _ in range(3):
            os.write(keys, b"status\nrun\n")
            until_said(process, b" events\n")
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            os.write(keys, b"step\n")
            until_said(process, b" events\n")
        process.terminate()
        said = process.communicate(timeout=60)[1]
        assert process.returncode == 130 and said.count("interrupted") == 3 and "wrote endless.h5.partial" in said, (process.returncode, said)
    write("one.yaml", ONE)
    with console("one.yaml", terminal=True) as (process, keys):
        os.write(keys, b"status\n")
        until_said(process, b" events\n")
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        os.write(keys, b"run-until 1min\n")
        until_said(process, b"0:01:00: ")
        process.terminate()
        said = process.communicate(timeout=60)[1]
        assert process.returncode == 130 and "interrupted" not in said, (process.returncode, said)


def foreign_programs():
    """A program that a result, a state, a journal or a sweep's folder names as policy runs with --programs alone; one's own scenario and change run it."""
    here = os.getcwd()
    program = f"{{policy: process, command: [sh, -c, 'touch {here}/ran; exec sh {here}/agent.sh']}}"
    write("agent.sh", "while read line; do case $line in *hello*) echo '{\"ready\":1}';; *decide*) echo '{\"host\":0}';; esac; done\n")
    write("one.yaml", ONE)
    write("own.yaml", f"{ONE}schedulers: {{placement: {program}}}\n")
    write("grid.yaml", "sweep: 1\nextends: own.yaml\nseeds: 1\n")

    def runs(*words, status=0, **more):
        said = vdcsim(*words, status=status, **more).stderr
        assert os.path.exists("ran") == (status == 0) and ("--programs allows that" in said) == (status != 0), (words, said)
        if status == 0:
            os.unlink("ran")

    runs("run", "own.yaml", "-o", "own.h5", "--no-progress")
    runs("run", "own.yaml", "-o", "half.h5", "--no-progress", "--until", "5min", "--save", "own.state")
    vdcsim("run", "one.yaml", "-o", "half.h5", "--no-progress", "--until", "5min", "--save", "plain.state", "--force")
    change = f"schedulers.placement={program}"
    runs("run", "--restore", "plain.state", "-o", "changed.h5", "--no-progress", "--set", change)
    runs("run", "--restore", "plain.state", "-o", "half.h5", "--no-progress", "--set", change, "--until", "6min", "--save", "changed.state")
    runs("sweep", "grid.yaml", "-o", "grid", "--no-progress")
    for words in (("verify", "own.h5"), ("verify", "changed.h5"), ("run", "--restore", "own.state", "-o", "a.h5"),
                  ("run", "--restore", "changed.state", "-o", "b.h5"), ("sweep", "grid", "-o", "again"), ("console", "--restore", "own.state")):
        runs(*words, status=2, stdin=subprocess.DEVNULL)
        runs(*words, "--programs", stdin=subprocess.DEVNULL)
    said = vdcsim("sweep", "grid.yaml", "-o", "other", "--programs", status=2).stderr
    assert "--programs: goes with the folder of a sweep" in said, said
    runs("console", "one.yaml", status=1, input="restore own.state\n")
    runs("console", "one.yaml", "--programs", input="restore own.state\n")


def interrupted_policy():
    """SIGINT while a policy's program is awaited: at once, with the results up to there; a console goes on, its run does not."""
    write("deaf.sh", "read line; echo '{\"ready\":1}'; read line; echo '{\"host\":0}'; read line; touch asked; exec sleep 100\n")
    write("deaf.yaml", ONE.replace("lifetime: 20min}", "lifetime: 20min}\n    - {id: 2, arrival: 30min, vcpus: 1, memory: 1 GiB, lifetime: 10min}")
          + "schedulers: {placement: {policy: process, timeout: 90s, command: [sh, deaf.sh]}}\n")

    def interrupt(process):
        for _ in range(600):
            if os.path.exists("asked"):
                break
            time.sleep(0.05)
        os.unlink("asked")
        process.send_signal(signal.SIGINT)

    with subprocess.Popen([VDCSIM, "run", "deaf.yaml", "-o", "deaf.h5", "--check", "--no-progress"], stderr=subprocess.PIPE, text=True) as process:
        interrupt(process)
        said = process.communicate(timeout=30)[1]
        assert process.returncode == 130 and "interrupted: deaf.h5.partial holds the results up to here" in said, (process.returncode, said)
    shown = vdcsim("show", "deaf.h5.partial", "--json").stdout
    assert re.search(r'"vms_completed": 1\b', shown) and re.search(r'"end_s": 1800\b', shown), shown
    with console("deaf.yaml") as (process, keys):
        os.write(keys, b"run\n")
        interrupt(process)
        os.write(keys, b"run\nsave x.state\n")
        os.close(keys)
        said = process.communicate(timeout=30)[1]
        assert process.returncode == 1 and said.count("broke off in the middle of an event") == 2 and not os.path.exists("x.state"), (process.returncode, said)


def what_is_read_stays():
    """--force replaces results, not what the command reads; a state and the result are two files."""
    write("base.yaml", ONE)
    write("one.yaml", "vdcsim: 1\nextends: base.yaml\nname: one\n")
    write("t.csv", "arrival_s,lifetime_s,vcpus,memory_gib\n0,600,2,1\n")
    write("trace.yaml", ONE[:ONE.index("workload")] + "workload: {trace: {format: vdcsim, path: t.csv}}\n")
    os.mkdir("d")
    vdcsim("run", "one.yaml", "-o", "one.h5", "--no-progress")
    vdcsim("run", "one.yaml", "-o", "half.h5", "--no-progress", "--until", "5min", "--save", "x.state")
    os.link("t.csv", "d/link.csv")
    kept = {name: hashlib.sha256(open(name, "rb").read()).hexdigest() for name in ("base.yaml", "one.yaml", "t.csv", "one.h5", "x.state")}
    for words in (("run", "one.yaml", "-o", "one.yaml"), ("run", "one.yaml", "-o", "d/../base.yaml"), ("run", "trace.yaml", "-o", "./t.csv"),
                  ("run", "trace.yaml", "-o", "d/link.csv"), ("run", "--restore", "x.state", "-o", "x.state"), ("export", "one.h5", "-o", "one.h5"),
                  ("report", "one.h5", "-o", "./one.h5"), ("trace", "convert", "t.csv", "-o", "t.csv"), ("console", "one.yaml", "-o", "one.yaml"),
                  ("run", "one.yaml", "-o", "half.h5", "--until", "5min", "--save", "base.yaml")):
        said = vdcsim(*words, "--force", status=2, stdin=subprocess.DEVNULL).stderr
        assert "the output would replace it" in said, said
    said = vdcsim("run", "one.yaml", "-o", "new.h5", "--until", "5min", "--save", "d/../new.h5", status=2).stderr
    assert "is the result file" in said and not os.path.exists("new.h5"), said
    assert all(hashlib.sha256(open(name, "rb").read()).hexdigest() == digest for name, digest in kept.items())
    vdcsim("run", "--restore", "x.state", "-o", "half.h5", "--no-progress", "--until", "6min", "--save", "x.state", "--force")
    vdcsim("run", "--restore", "x.state", "-o", "one.h5", "--no-progress", "--force")


def console_tables():
    """Columns line up under names of any letters, and a table that is whole does not say that it is cut."""
    write("many.yaml", ONE.replace("count: 1,", "count: 1000,").replace("vcpus: 8", 'tenant: "größe", vcpus: 1'))
    said = vdcsim("console", "many.yaml", input="run-until 1min\nhosts\ntenants\n").stdout
    assert "only the first" not in said, said[-300:]
    head, row = said.splitlines()[-2:]
    assert "größe" in row and head.split()[1] in head and head.index(head.split()[1]) == row.index(row.split()[1]), (head, row)
    said = vdcsim("console", "many.yaml", "--set", "datacenter.hosts.0.count=1001", input="hosts\n").stdout
    assert said.endswith("... only the first 1000\n") and len(said.splitlines()) == 1 + 1000 + 1


def progress_line():
    """No longer than the terminal is wide."""
    write("endless.yaml", ENDLESS)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    with subprocess.Popen([VDCSIM, "run", "endless.yaml", "-o", "endless.h5"], stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while shown.count(b"\r") < 3:
            shown += os.read(ours, 4096)
        process.terminate()
        while part := read_terminal(ours):
            shown += part
    os.close(ours)
    lines = shown.decode().split("\r")
    assert process.returncode == 130 and "simulated" in shown.decode() and max(len(line) for line in lines[:3]) == 39, lines


def read_terminal(terminal):
    """What there is to read; nothing once the other end is closed."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


def outputs_that_are_no_files():
    """Pipes and devices are written to, also by a link, and stay what they are; what cannot be written is a failure and no bad usage."""
    two_of_one_name()
    for command in (("export", "a/x.h5", "-o"), ("compare", "a/x.h5", "--csv")):
        os.symlink("/proc/self/fd/1", "link")
        printed = vdcsim(*command, "link").stdout
        assert ("energy_j" in printed or "vms_running" in printed) and os.path.islink("link"), printed
        os.unlink("link")
    for command in (("export", "a/x.h5", "-o", "/dev/full"), ("compare", "a/x.h5", "--csv", "/dev/full"), ("report", "a/x.h5", "-o", "/dev/full")):
        assert "/dev/full: " in vdcsim(*command, status=1).stderr


def interrupted_report():
    """Leaves no folder of pictures and no page."""
    two_of_one_name()
    os.mkdir("temporary")
    with subprocess.Popen([VDCSIM, "report", "a/x.h5", "b/x.h5", "-o", "page.html"], env={**os.environ, "TMPDIR": "temporary"}) as process:
        until = time.monotonic() + 60
        while process.poll() is None and not any(files for _, _, files in os.walk("temporary")) and time.monotonic() < until:
            time.sleep(0.01)
        process.terminate()
    assert process.returncode == 130 and not os.listdir("temporary") and not os.path.exists("page.html"), (process.returncode, os.listdir("temporary"))


def many_runs():
    """More than a process may have open, unless it asks."""
    two_of_one_name()
    os.mkdir("runs")
    for i in range(100):
        shutil.copy("a/x.h5", f"runs/{i}.h5")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    said = vdcsim("compare", "runs", "--metric", "energy_j", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))).stdout
    assert said.startswith("100 results in 100 groups"), said[:200]


def long_labels():
    """A legend of one column, and room left of bars, where labels are long; what a grid of two of three parameters averages over is said."""
    write("one.yaml", ONE)
    long = "a-policy-with-a-name-that-is-longer-than-half-of-a-picture-is-wide"
    write("sweep.yaml", f"sweep: 1\nextends: one.yaml\npolicies:\n  {long}: {{placement: {{policy: first-fit}}}}\n  other: {{placement: {{policy: best-fit}}}}\n"
                        "axes:\n  workload.vms.0.lifetime: [5min, 10min]\n  datacenter.hosts.0.count: [1, 2]\n")
    vdcsim("sweep", "sweep.yaml", "-o", "sw", "--no-progress")
    vdcsim("plot", "sw", "-o", "pictures", "-k", "policies", "-k", "bars", "-k", "sensitivity")
    assert "legend_rows = 8\n" in read("pictures/policies.gp")
    assert int(re.search(r"set terminal svg size (\d+),", read("pictures/bars.gp")).group(1)) > 1300
    assert re.search(r"set title 'Sensitivity: .*'\.\"\\n\"\.'means over .*count'", read("pictures/sensitivity.gp"))


CHECKS = (names_of_runs, picture_that_fails, sweep_by_slurm, sweep_taken_up_again, console_and_signals, foreign_programs, interrupted_policy,
          what_is_read_stays, console_tables, progress_line, outputs_that_are_no_files, interrupted_report, many_runs, long_labels)


def main():
    failed = 0
    for check in CHECKS:
        if sys.argv[1:] and not any(part in check.__name__ for part in sys.argv[1:]):
            continue
        with tempfile.TemporaryDirectory(prefix="vdcsim-commands-") as folder, contextlib.chdir(folder):
            try:
                check()
            except (AssertionError, OSError, subprocess.TimeoutExpired) as error:
                failed += 1
                print(f"{check.__name__}: FAILED: {type(error).__name__}: {error}")
    print(f"commands: {len(CHECKS) - failed} of {len(CHECKS)} hold" if len(sys.argv) == 1 else f"commands: {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
