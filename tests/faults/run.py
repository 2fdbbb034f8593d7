#!/usr/bin/python3
"""Faults from outside: every write, read, open, sync and rename of a command made to fail, file-size limits, and signals at random points.

The commands: a run of everything that the first parts do, runs of scenarios with networks, disks, memory, failures, maintenance and operations, a
state that is saved and one that is restored, traces that are written in both formats and one that is read in each, tables, reports and sweeps.

After each fault: no file under a final name unless it is complete and equal, byte for byte, to that of a command without faults;
an exit status that says so; one clear message; and the same command again succeeds (a sweep: with --resume). FAULTS=all does every call, 300
SIGKILLs and 100 SIGINTs of runs and of sweeps, and every allocation (by build/vdcsim-tests); otherwise a sample. FAULTS_SEED=N draws other points.

The command is a build without sanitizers, for the faults come from a preloaded library (shim.c). BUILD=build tests/faults/run.py
"""
import errno
import functools
import gzip
import hashlib
import os
import random
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

BUILD = os.environ.get("BUILD", "build")
COMMAND = os.path.abspath(os.path.join(BUILD, "vdcsim"))
HERE = os.path.dirname(os.path.abspath(__file__))
EVERYTHING = os.environ.get("FAULTS") == "all"
SAMPLE, FEW, OTHERS = 8, 1, 4 # calls of a kind of the run and of the other commands, and how many of those
ROUNDS = {"kill": 300 if EVERYTHING else 15, "interrupt": 100 if EVERYTHING else 8, "limit": 60 if EVERYTHING else 8,
          "sweep kill": 300 if EVERYTHING else 3, "sweep interrupt": 100 if EVERYTHING else 2}

SCENARIO = """vdcsim: 1
name: faults
seed: 5
time: {{tick: 10s}}
datacenter:
  hosts: [{{class: a, count: 20, cpu: {{cores: 16, speed: 2 GHz}}, memory: 128 GiB, power: {{model: linear, idle: 80 W, max: 200 W}}}}]
  overcommit: {{cpu: 2}}
workload:
  trace: {{format: vdcsim, path: trace.csv, segments: loads.csv}}
  generate: {{count: {count}, arrivals: {{dist: exponential, mean: 10s}}, lifetime: {{dist: exponential, mean: 10min}},
    flavors: [{{vcpus: 1, memory: 1 GiB}}, {{vcpus: 4, memory: 4 GiB}}]}}
output: {{hosts: every-tick, events: true}}
"""


def file_digest(path):
    with open(path, "rb") as stream:
        return hashlib.sha256(stream.read()).hexdigest()


class Ground:
    """A folder, a command in it, the files that it makes, and how often its calls occur."""

    def __init__(self, folder, arguments, products, beside=None):
        self.folder = folder
        self.beside = beside # what the command writes after its products: that this failed must be said, though they are complete
        self.arguments = arguments
        self.products = [os.path.join(folder, name) for name in products]
        self.shim = os.path.join(folder, "shim.so")
        if not os.path.exists(self.shim):
            compiler = shlex.split(os.environ.get("CC", "cc"))
            subprocess.run([*compiler, "-O1", "-shared", "-fPIC", "-D_GNU_SOURCE", "-o", self.shim, os.path.join(HERE, "shim.c"), "-ldl"],
                           check=True)
        begin = time.monotonic()
        self.expect_success("the first time")
        self.seconds = time.monotonic() - begin
        self.digests = {path: file_digest(path) for path in self.products}
        self.size = max(os.path.getsize(path) for path in self.products)
        self.clean()

    def clean(self):
        for path in self.products:
            for name in (path, path + ".partial"):
                if os.path.exists(name):
                    os.unlink(name)

    def start(self, environment=None, limit=None):
        def restrict():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        return subprocess.Popen([COMMAND, *self.arguments], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}, cwd=self.folder,
                                preexec_fn=restrict if limit is not None else None)

    def run(self, environment=None, limit=None):
        process = self.start(environment, limit)
        _, messages = process.communicate(timeout=120)
        return process.returncode, messages

    def expect_success(self, what):
        status, messages = self.run()
        for path in self.products:
            if status != 0 or not os.path.exists(path) or os.path.exists(path + ".partial"):
                sys.exit(f"{' '.join(self.arguments)}, {what}: without a fault it ended with {status}: {messages}")

    def check(self, what, status, messages, silent=False):
        """Holds the state that a fault left to the rules, then runs again and cleans up."""
        wrong = None
        there = [path for path in self.products if os.path.exists(path)]
        if any(file_digest(path) != self.digests[path] for path in there):
            wrong = "a file under its final name is not that of a command without faults"
        elif len(there) == len(self.products):
            if status not in (0, -signal.SIGKILL) and not (self.beside and f"{self.beside}: cannot be written" in messages):
                wrong = f"the file is complete, but the exit status is {status}"
        elif status == 0:
            wrong = "exit status 0 without a result"
        elif not silent and (status < 0 or not messages.strip()):
            wrong = f"ended by signal {-status}" if status < 0 else "no message"
        elif not silent and len([line for line in messages.splitlines() if line.startswith("vdcsim: ")]) != 1:
            wrong = "not one message"
        if wrong:
            sys.exit(f"{' '.join(self.arguments)}, {what}: {wrong}; exit status {status}, messages:\n{messages}")
        for path in there:
            os.unlink(path)
        self.expect_success(f"after {what}")
        self.clean()


def write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="ascii") as stream:
        stream.write(text)


def make_run(folder, count):
    """The run that is looked at most closely."""
    os.makedirs(folder, exist_ok=True)
    write(folder, "faults.yaml", SCENARIO.format(count=count))
    write(folder, "trace.csv", "arrival_s,lifetime_s,vcpus,memory_gib\n" + "".join(f"{i},100,{1 + i % 3},1\n" for i in range(40)))
    write(folder, "loads.csv", "row,duration_s,demand_mhz\n" + "".join(f"{i},50,{100 * i}\n" for i in range(40)))
    return Ground(folder, ["run", "faults.yaml", "-o", "out.h5", "--no-progress"], ["out.h5"])


def make_others(folder):
    """The other commands that write, and what later parts of the simulator write."""
    scenarios = os.path.abspath("scenarios")
    make_run(folder, 60).expect_success("for its result")
    os.rename(os.path.join(folder, "out.h5"), os.path.join(folder, "given.h5"))
    write(folder, "generate.yaml", "generate: {count: 60, arrivals: {dist: exponential, mean: 10s}, lifetime: {dist: exponential, mean: 10min}, "
          "flavors: [{vcpus: 1, memory: 1 GiB}], load: {kind: ar}}\n")
    for arguments, product in ((["trace", "generate", "generate.yaml", "-o", "given-trace.h5"], "given-trace.h5"),
                               (["run", "faults.yaml", "--until", "100s", "--save", "given.state", "--no-progress"], "given.state")):
        Ground(folder, arguments, [product]).expect_success("for the others")
    write(folder, "from-hdf5.yaml", SCENARIO.format(count=1).replace("path: trace.csv, segments: loads.csv", "path: given-trace.h5"))
    commands = [(["run", os.path.join(scenarios, name + ".yaml"), "-o", "x.h5", "--no-progress"], ["x.h5"])
                for name in ("volumes-and-networks", "ballooning", "availability", "maintenance", "lifecycle")]
    commands += [
        (["run", "faults.yaml", "--until", "100s", "--save", "x.state", "--no-progress"], ["x.state"], "faults.h5.partial"),
        (["run", "--restore", "given.state", "-o", "x.h5", "--no-progress"], ["x.h5"]),
        (["trace", "generate", "generate.yaml", "-o", "t.h5"], ["t.h5"]),
        (["trace", "generate", "generate.yaml", "-o", "t.csv"], ["t.csv", "t.segments.csv"]),
        (["run", "from-hdf5.yaml", "-o", "x.h5", "--no-progress"], ["x.h5"]),
        (["export", "given.h5", "--table", "hosts", "-o", "x.csv"], ["x.csv"]),
        (["report", "given.h5", "-o", "x.html"], ["x.html"]),
    ]
    return [Ground(folder, *command) for command in commands]


class Sweep:
    """A sweep of six runs, and what it makes of its folder."""

    def __init__(self, folder):
        self.folder = folder
        self.out = os.path.join(folder, "sweep")
        os.mkdir(folder)
        write(folder, "base.yaml", SCENARIO.format(count=300).replace("  trace: {format: vdcsim, path: trace.csv, segments: loads.csv}\n", ""))
        write(folder, "grid.yaml", "sweep: 1\nextends: base.yaml\naxes: {schedulers.placement.policy: [first-fit, best-fit, worst-fit]}\nseeds: 2\n")
        begin = time.monotonic()
        process = self.start()
        _, messages = process.communicate(timeout=120)
        if process.returncode != 0:
            sys.exit(f"the sweep without a fault: {messages}")
        self.seconds = time.monotonic() - begin
        self.expected = self.digests()
        shutil.rmtree(self.out)

    def start(self, *more):
        return subprocess.Popen([COMMAND, "sweep", "grid.yaml", "-o", "sweep", "-j", "2", "--no-progress", *more], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, cwd=self.folder)

    def digests(self):
        return {os.path.relpath(os.path.join(where, name), self.out): file_digest(os.path.join(where, name))
                for where, _, names in os.walk(self.out) for name in names}

    def check(self, what, status, messages):
        found = self.digests()
        for name, digest in found.items():
            if name.endswith(".h5") and self.expected.get(name) != digest:
                sys.exit(f"{what} of a sweep: {name} is not that of a sweep without faults; exit status {status}: {messages}")
        if status == 0 and found != self.expected:
            sys.exit(f"{what} of a sweep: exit status 0, but the folder is another")
        process = self.start("--resume") if found else self.start()
        _, messages = process.communicate(timeout=120)
        if process.returncode != 0:
            sys.exit(f"after {what} the sweep does not go on: exit status {process.returncode}: {messages}")
        again = self.digests()
        if again != self.expected:
            names = sorted(name for name in again.keys() | self.expected.keys() if again.get(name) != self.expected.get(name))
            sys.exit(f"after {what} the sweep goes on to another folder: {', '.join(names)}")
        shutil.rmtree(self.out)


def bombs(folder):
    """Small files that ask for much: refused with a message before memory, time or disk is spent. Returns how many."""
    os.makedirs(folder)
    base = ("vdcsim: 1\ntime: {tick: 60s, end: 10min}\ndatacenter: {hosts: [{class: a, count: %s, cpu: {cores: %s}, memory: 8 GiB}]%s}\n"
            "workload: %s\n")
    small = "{vms: [{vcpus: 1}]}"
    generate = ("{generate: {count: 10, arrivals: {dist: exponential, mean: 1s}, lifetime: {dist: exponential, mean: 1s}, flavors: [{vcpus: 1}], "
                "tenants: {count: 2000000000}}}")
    texts = {
        "aliases": "a: &a0 [x, x, x, x]\n" + "".join(f"b{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)),
        "lists": "[" * 100000,
        "mappings": "{a: " * 50000,
        "length": "a: '" + "x" * (65 << 20) + "'\n",
        "hosts": base % (4000000000, 4, "", small),
        "cores": base % (1, 9000000000000, "", small),
        "racks": base % (10, 4, ", topology: {zones: 2000000000, racks: 2000000000}", small),
        "tenants": base % (1, 4, "", generate),
        "a line in gzip": base % (1, 4, "", "{trace: {format: vdcsim, path: line.csv.gz}}"),
        "a row in gzip": base % (1, 4, "", "{trace: {format: vdcsim, path: row.csv.gz}}"),
        "hosts that memory cannot hold": base % (100000000, 4, "", small),
        "a pipe as trace": base % (1, 4, "", "{trace: {format: vdcsim, path: pipe}}"),
        "a pipe as database": base % (1, 4, "", "{trace: {format: azure-packing, path: pipe}}"),
        "a pipe as hosts": "vdcsim: 1\ndatacenter: {hosts: {format: openb, path: pipe}}\nworkload: {vms: [{vcpus: 1}]}\n",
        "a pipe as base": "extends: pipe\n",
        "a sweep": "sweep: 1\nextends: hosts.yaml\naxes: {datacenter.hosts.0.count: {from: 1, to: 4000000000, step: 1}}\n",
    }
    for name, begin, more in (("line", b"", b"0"), ("row", b"arrival_s,vcpus\n", b",")):
        with gzip.open(os.path.join(folder, name + ".csv.gz"), "wb", 9) as stream:
            stream.write(begin)
            for _ in range(64):
                stream.write(more * (1 << 20))

    os.mkfifo(os.path.join(folder, "pipe"))

    def restrict():
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    for name, text in texts.items():
        write(folder, name + ".yaml", text)
        verb = ["sweep", name + ".yaml", "-o", "sweep", "--list"] if name == "a sweep" else ["run", name + ".yaml", "-o", "x.h5", "--no-progress"]
        process = subprocess.Popen([COMMAND, *verb], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=folder, preexec_fn=restrict)
        late = threading.Timer(60, process.kill)
        late.start()
        said = process.stderr.read()
        late.cancel()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stderr.close()
        if process.returncode != (1 if name == "hosts that memory cannot hold" else 2) or not said.startswith("vdcsim: ") or len(said) > 2000:
            sys.exit(f"a bomb ({name}): exit status {process.returncode}, messages:\n{said[:2000]}")
        if process.returncode == 2 and used.ru_maxrss > 160 << 10:
            sys.exit(f"a bomb ({name}): {used.ru_maxrss >> 10} MiB before it was refused")
        os.unlink(os.path.join(folder, name + ".yaml"))
    return len(texts)


def points(count, wanted, draw):
    """The calls to hit: all, or the first, the last and some between."""
    if EVERYTHING or count <= wanted:
        return range(1, count + 1)
    if wanted < 4:
        return sorted({1, *draw.sample(range(1, count + 1), wanted)})
    return sorted({1, 2, count - 1, count, *draw.sample(range(1, count + 1), wanted - 4)})


def system_calls(ground, draw, sample):
    done = 0
    kinds = [("write", errno.ENOSPC), ("write", errno.EIO), ("write", 0), ("read", errno.EIO), ("read", 0), ("open", errno.EMFILE),
             ("sync", errno.EIO), ("rename", errno.EACCES), ("truncate", errno.EIO)]
    for call, error in kinds:
        environment = {"LD_PRELOAD": ground.shim, "FAULT_CALL": call, "FAULT_ERRNO": str(error)}
        counted = os.path.join(ground.folder, "count")
        status, messages = ground.run({**environment, "FAULT_COUNT": counted})
        if status != 0:
            sys.exit(f"counting {call}: {messages}")
        ground.clean()
        with open(counted, encoding="ascii") as stream:
            count = int(stream.read())
        if count == 0:
            if sample == SAMPLE:
                sys.exit(f"the shim saw no {call}")
            continue
        for at in points(count, sample, draw):
            for everything in ([False, True] if error in (errno.ENOSPC, errno.EIO) and EVERYTHING else [False]):
                more = {"FAULT_ALL": "1"} if everything else {}
                status, messages = ground.run({**environment, **more, "FAULT_AT": str(at)})
                what = f"{call} {at} of {count} {'cut short' if error == 0 else 'failing with ' + errno.errorcode[error]}"
                if error == 0 and status != 0:
                    sys.exit(f"{what}: exit status {status}: {messages}")
                ground.check(what, status, messages)
                done += 1
    return done


def size_limits(ground, draw):
    for _ in range(ROUNDS["limit"]):
        limit = draw.randrange(ground.size)
        status, messages = ground.run(limit=limit)
        ground.check(f"files of at most {limit} bytes", status, messages)
    return ROUNDS["limit"]


def signals(target, draw, number, rounds, check):
    """Sends the signal at random moments, to a run or a sweep; check(what, status, messages) looks at what it left."""
    caught = 0
    what = signal.Signals(number).name
    for _ in range(rounds):
        process = target.start()
        time.sleep(draw.random() * target.seconds * 1.1)
        process.send_signal(number)
        _, messages = process.communicate(timeout=120)
        status = process.returncode
        if number == signal.SIGINT and status not in (0, 130, -signal.SIGINT):
            sys.exit(f"{what}: exit status {status}: {messages}")
        caught += status != 0
        check(what, status, messages)
    return caught


def check_signalled_run(ground, what, status, messages):
    partial = ground.products[0] + ".partial"
    if status == 130 and not os.path.exists(partial):
        sys.exit(f"{what}: no .partial with the results up to there")
    if status == 130 and subprocess.run([COMMAND, "report", partial, "-o", os.path.join(ground.folder, "partial.html"), "--force"],
                                        capture_output=True, check=False).returncode != 0:
        sys.exit(f"{what}: the .partial cannot be read")
    ground.check(what, status, messages, silent=True)


def main():
    seed = os.environ.get("FAULTS_SEED", "1")
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="vdcsim-faults-") as folder:
        ground = make_run(os.path.join(folder, "short"), 60)
        calls = system_calls(ground, draw, SAMPLE)
        limits = size_limits(ground, draw)
        others = make_others(os.path.join(folder, "others"))
        calls += sum(system_calls(other, draw, FEW) for other in (others if EVERYTHING else draw.sample(others, OTHERS)))
        refused = bombs(os.path.join(folder, "bombs"))
        ground = make_run(os.path.join(folder, "long"), 3000)
        check_run = functools.partial(check_signalled_run, ground)
        kills = signals(ground, draw, signal.SIGKILL, ROUNDS["kill"], check_run)
        interrupts = signals(ground, draw, signal.SIGINT, ROUNDS["interrupt"], check_run)
        sweep = Sweep(os.path.join(folder, "sweep"))
        sweep_kills = signals(sweep, draw, signal.SIGKILL, ROUNDS["sweep kill"], sweep.check)
        sweep_interrupts = signals(sweep, draw, signal.SIGINT, ROUNDS["sweep interrupt"], sweep.check)
    if EVERYTHING:
        environment = {**os.environ, "VDCSIM_FAULTS": "all"}
        subprocess.run([os.path.join(BUILD, "vdcsim-tests"), "--filter", "faults/*"], env=environment, check=True)
    print(f"{calls} system calls failed or cut short, {limits} file-size limits, {kills} of {ROUNDS['kill']} SIGKILLs and "
          f"{interrupts} of {ROUNDS['interrupt']} SIGINTs of runs, {sweep_kills} of {ROUNDS['sweep kill']} and {sweep_interrupts} of "
          f"{ROUNDS['sweep interrupt']} of sweeps before the end: every file under its final name complete; "
          f"{refused} bombs refused")


if __name__ == "__main__":
    main()
