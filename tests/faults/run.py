#!/usr/bin/python3
"""Faults from outside: every write, read, open, sync and rename of a run made to fail, file-size limits, and signals at random points.

After each fault: no file under the final name unless it is complete and equal, byte for byte, to that of a run without faults;
an exit status that says so; one clear message; and the same command again succeeds. FAULTS=all does every call, 300 SIGKILLs and 100
SIGINTs, and every allocation (by build/vdcsim-tests); otherwise a sample that takes some seconds. FAULTS_SEED=N draws other points.

The command is a build without sanitizers, for the faults come from a preloaded library (shim.c). BUILD=build tests/faults/run.py
"""
import errno
import hashlib
import os
import random
import resource
import shlex
import signal
import subprocess
import sys
import tempfile
import time

BUILD = os.environ.get("BUILD", "build")
COMMAND = os.path.abspath(os.path.join(BUILD, "vdcsim"))
HERE = os.path.dirname(os.path.abspath(__file__))
EVERYTHING = os.environ.get("FAULTS") == "all"
SAMPLE = 8
ROUNDS = {"kill": 300 if EVERYTHING else 15, "interrupt": 100 if EVERYTHING else 8, "limit": 60 if EVERYTHING else 8}

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


class Ground:
    """A folder with a scenario, what a run of it gives, and how often its calls occur."""

    def __init__(self, folder, count):
        self.folder = folder
        self.scenario = os.path.join(folder, "faults.yaml")
        self.out = os.path.join(folder, "out.h5")
        with open(self.scenario, "w", encoding="ascii") as stream:
            stream.write(SCENARIO.format(count=count))
        with open(os.path.join(folder, "trace.csv"), "w", encoding="ascii") as stream:
            stream.write("arrival_s,lifetime_s,vcpus,memory_gib\n" + "".join(f"{i},100,{1 + i % 3},1\n" for i in range(40)))
        with open(os.path.join(folder, "loads.csv"), "w", encoding="ascii") as stream:
            stream.write("row,duration_s,demand_mhz\n" + "".join(f"{i},50,{100 * i}\n" for i in range(40)))
        self.shim = os.path.join(folder, "shim.so")
        compiler = shlex.split(os.environ.get("CC", "cc"))
        subprocess.run([*compiler, "-O1", "-shared", "-fPIC", "-D_GNU_SOURCE", "-o", self.shim, os.path.join(HERE, "shim.c"), "-ldl"], check=True)
        begin = time.monotonic()
        self.expect_success("the first run")
        self.seconds = time.monotonic() - begin
        with open(self.out, "rb") as stream:
            self.digest = hashlib.sha256(stream.read()).hexdigest()
        self.size = os.path.getsize(self.out)
        self.clean()

    def clean(self):
        for name in (self.out, self.out + ".partial"):
            if os.path.exists(name):
                os.unlink(name)

    def start(self, environment=None, limit=None):
        def restrict():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        return subprocess.Popen([COMMAND, "run", self.scenario, "-o", self.out, "--no-progress"], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}, cwd=self.folder,
                                preexec_fn=restrict if limit is not None else None)

    def run(self, environment=None, limit=None):
        process = self.start(environment, limit)
        _, messages = process.communicate(timeout=60)
        return process.returncode, messages

    def expect_success(self, what):
        status, messages = self.run()
        if status != 0 or not os.path.exists(self.out) or os.path.exists(self.out + ".partial"):
            sys.exit(f"{what}: the command without a fault ended with {status}: {messages}")

    def check(self, what, status, messages, silent=False):
        """Holds the state that a fault left to the rules, then runs again and cleans up."""
        wrong = None
        if os.path.exists(self.out):
            with open(self.out, "rb") as stream:
                equal = hashlib.sha256(stream.read()).hexdigest() == self.digest
            if not equal:
                wrong = "a file under the final name is not that of a run without faults"
            elif status not in (0, -signal.SIGKILL):
                wrong = f"the file is complete, but the exit status is {status}"
            self.clean()
        elif status == 0:
            wrong = "exit status 0 without a result"
        elif not silent and (status < 0 or not messages.strip()):
            wrong = f"ended by signal {-status}" if status < 0 else "no message"
        elif not silent and len([line for line in messages.splitlines() if line.startswith("vdcsim: ")]) != 1:
            wrong = "not one message"
        if wrong:
            sys.exit(f"{what}: {wrong}; exit status {status}, messages:\n{messages}")
        self.expect_success(f"after {what}")
        self.clean()


def points(count, wanted, draw):
    """The calls to hit: all, or the first, the last and some between."""
    if EVERYTHING or count <= wanted:
        return range(1, count + 1)
    return sorted({1, 2, count - 1, count, *draw.sample(range(1, count + 1), wanted - 4)})


def system_calls(ground, draw):
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
            sys.exit(f"the shim saw no {call}")
        for at in points(count, SAMPLE, draw):
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


def signals(ground, draw, number, rounds):
    caught = 0
    for _ in range(rounds):
        process = ground.start()
        time.sleep(draw.random() * ground.seconds * 1.1)
        process.send_signal(number)
        _, messages = process.communicate(timeout=60)
        status = process.returncode
        if number == signal.SIGINT and status not in (0, 130, -signal.SIGINT):
            sys.exit(f"SIGINT: exit status {status}: {messages}")
        caught += status != 0
        partial = ground.out + ".partial"
        if status == 130 and not os.path.exists(partial):
            sys.exit("SIGINT: no .partial with the results up to there")
        if status == 130 and subprocess.run([COMMAND, "report", partial, "-o", os.path.join(ground.folder, "partial.html"), "--force"],
                                            capture_output=True, check=False).returncode != 0:
            sys.exit("SIGINT: the .partial cannot be read")
        ground.check(f"signal {number}", status, messages, silent=True)
    return caught


def main():
    seed = os.environ.get("FAULTS_SEED", "1")
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="vdcsim-faults-") as folder:
        ground = Ground(folder, 60)
        calls = system_calls(ground, draw)
        limits = size_limits(ground, draw)
        os.mkdir(os.path.join(folder, "long"))
        ground = Ground(os.path.join(folder, "long"), 3000)
        kills = signals(ground, draw, signal.SIGKILL, ROUNDS["kill"])
        interrupts = signals(ground, draw, signal.SIGINT, ROUNDS["interrupt"])
    if EVERYTHING:
        environment = {**os.environ, "VDCSIM_FAULTS": "all"}
        subprocess.run([os.path.join(BUILD, "vdcsim-tests"), "--filter", "faults/*"], env=environment, check=True)
    print(f"{calls} system calls failed or cut short, {limits} file-size limits, {kills} of {ROUNDS['kill']} SIGKILLs and "
          f"{interrupts} of {ROUNDS['interrupt']} SIGINTs before the end: every file under its final name complete")


if __name__ == "__main__":
    main()
