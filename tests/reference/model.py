"""A slow, plain model of what `vdcsim run` computes, to hold the simulator against.

It was written from the definitions (docs/models.md, docs/scenario.md) and shares no code with the library. Nothing here is clever: every
step looks at every VM and every host, the next event is the minimum over everything that may happen, shares are found in exact
fractions, integrals are exact fractions of rate x time. It reads the same YAML, with a parser of its own for quantities.

    result = simulate(yaml.load(text, yaml.BaseLoader), folder)    # every scalar as text, as it was written

Raises Ambiguous where the definitions leave the outcome to rounding: two hosts in different states whose scores are equal within
1e-12. The caller leaves such a scenario out.

What is modelled: host classes, overcommit, SMT yield, reserves; inline VMs, native CSV and OpenDC tables; load segments (progress time
and work), lifetimes, weights, reservations, limits, checkpoints; admission fifo, fifo-skip, priority with time-outs; placement by plain scan; fair-share,
equal-share, strict-priority; failures
of all hosts from rows with restart; all closed-form power models, PUE, carbon intensity; P, G, T, S, U, their companions and the counters, tick by tick.
"""
import csv
import datetime
import math
import os
import re
from fractions import Fraction

SECOND = 10**9
NEVER = None
UNITS = {
    "time": {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "min": 60 * 10**9, "h": 3600 * 10**9, "d": 86400 * 10**9, "": 10**9},
    "frequency": {"Hz": 1, "kHz": 10**3, "MHz": 10**6, "GHz": 10**9, "THz": 10**12, "": 1},
    "bytes": {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "": 1},
    "power": {"mW": Fraction(1, 1000), "W": 1, "kW": 1000, "": 1},
    "share": {"%": Fraction(1, 100), "": 1},
    "count": {"": 1},
    "milli": {"": 1000},
}


class Ambiguous(Exception):
    """The definitions leave the outcome to the rounding of doubles."""


def exact(text, kind):
    match = re.fullmatch(r"\s*([0-9.]+(?:e[+-]?[0-9]+)?)\s*([A-Za-z%]*)\s*", str(text))
    return Fraction(match.group(1)) * UNITS[kind][match.group(2)]


def integer(text, kind):
    return round(exact(text, kind))  # round() of a Fraction: half to even


# --- what there is -------------------------------------------------------------------------------------------------------------


class Host:
    def __init__(self, number, spec, overcommit):
        cpu = spec.get("cpu", {})
        sockets, cores, threads = (int(cpu.get(key, 1)) for key in ("sockets", "cores", "threads"))
        reserve = spec.get("reserve", {})
        self.id = number
        self.class_name = spec["class"]
        self.speed = integer(cpu.get("speed", "1 GHz"), "frequency")
        self.physical_cores = sockets * cores
        self.threads = sockets * cores * threads
        self.smt_yield = exact(cpu.get("smt_yield", "25%"), "share")
        self.milli = self.threads * 1000 - integer(reserve.get("cpu", "0"), "milli")
        self.capacity = self.milli * self.speed // 1000  # Hz
        self.memory = integer(spec.get("memory", "0"), "bytes") - integer(reserve.get("memory", "0"), "bytes")
        self.ratio_cpu = exact(overcommit.get("cpu", "1"), "count")
        self.ratio_memory = exact(overcommit.get("memory", "1"), "count")
        self.promised_cpu = math.floor(self.ratio_cpu * self.milli)        # milli-vCPU that can be promised
        self.promised_memory = math.floor(self.ratio_memory * self.memory)
        self.power = spec.get("power")
        self.up = True
        self.vms = []

    def free_cpu(self):
        """What can still be promised, in milli-vCPU. A reservation is a floor inside the share: it takes nothing from it."""
        return self.promised_cpu - sum(vm.milli for vm in self.vms)

    def free_memory(self):
        return self.promised_memory - sum(vm.memory for vm in self.vms)

    def fits(self, vm, empty=False):
        """Each resource with its overcommit ratio, and reservations never beyond the capacity."""
        if empty:
            return vm.milli <= self.promised_cpu and vm.memory <= self.promised_memory and vm.reserved_on(self) <= self.capacity
        return self.up and vm.milli <= self.free_cpu() and vm.memory <= self.free_memory() \
            and sum(v.reserved_on(self) for v in self.vms) + vm.reserved_on(self) <= self.capacity

    def watts(self, granted):
        """models.md 4.8; exact for the linear model."""
        p = self.power
        u = Fraction(granted, self.capacity) if self.capacity else Fraction(0)
        if p is None:
            return Fraction(0)
        top = exact(p.get("max", "0"), "power")
        model = p["model"]
        if model == "constant":
            return top
        if model == "table":
            watts = [exact(w, "power") for w in p["watts"]]
            step = min(int(u * 10), 9)
            return watts[step] + (watts[step + 1] - watts[step]) * (u * 10 - step)
        idle = exact(p["idle"], "power")
        x = float(u)
        shape = {
            "linear": lambda: u,
            "sqrt": lambda: Fraction(math.sqrt(x)),
            "square": lambda: u * u,
            "cubic": lambda: u * u * u,
            "mse": lambda: Fraction(2 * x - x ** float(p.get("r", "1.4"))),
            "asymptotic": lambda: Fraction(0.5 * (1 + x - math.exp(-x / float(p.get("tau", "0.5"))))),
        }[model]()
        return idle + (top - idle) * shape

    def idle_watts(self):
        return self.watts(0)


class Vm:
    """State of one VM: `state` is requested, queued, running or one of the terminal ones."""

    def __init__(self, number, spec):
        cpu = spec.get("cpu", {})
        load = spec.get("load")
        self.number = number
        self.id = int(spec.get("id", number))
        self.tenant = spec.get("tenant", "")
        self.arrival = integer(spec.get("arrival", "0s"), "time")
        self.lifetime = integer(spec["lifetime"], "time") if "lifetime" in spec else NEVER
        self.milli = integer(spec.get("vcpus", "1"), "milli")
        self.memory = integer(spec.get("memory", "0"), "bytes")
        self.priority = {"low": 0, "normal": 1, "high": 2}.get(spec.get("priority", "normal"))
        if self.priority is None:
            self.priority = int(spec["priority"])
        self.weight = int(cpu["weight"]) if "weight" in cpu else NEVER
        self.reservation = integer(cpu.get("reservation", "0"), "frequency")
        self.limit = integer(cpu["limit"], "frequency") if cpu.get("limit", "none") != "none" else NEVER
        self.segments = NEVER if load is None else [(integer(d, "time"), integer(r, "frequency")) for d, r in load["segments"]]
        self.by_work = load is not None and load.get("progress", "time") == "work"
        self.peak = max((rate for _, rate in self.segments), default=0) if self.segments is not None else NEVER
        checkpoint = spec.get("checkpoint")
        self.interval = integer(checkpoint["interval"], "time") if checkpoint else NEVER
        self.duration = integer(checkpoint.get("duration", "0s"), "time") if checkpoint else 0
        self.scale = exact(checkpoint.get("scale", "1"), "count") if checkpoint else Fraction(1)
        self.state = "requested"
        self.host = None
        self.last_host = -1
        self.queued_since = self.arrival
        self.first_start = self.end = NEVER
        self.failures = 0
        self.position = (0, NEVER)   # segment, ns or Hz.ns left of it (NEVER: all of it)
        self.saved = (0, NEVER)
        self.started = NEVER
        self.next_checkpoint = self.checkpoint_end = NEVER
        self.taken = 0
        self.granted = self.used = 0

    # the load

    def load_is_over(self):
        return self.segments is not None and self.position[0] >= len(self.segments)

    def left(self):
        """What is left of the present segment: ns, or Hz.ns when it goes by work."""
        segment, left = self.position
        duration, rate = self.segments[segment]
        return left if left is not NEVER else (duration * rate if self.by_work else duration)

    def pass_finished_segments(self):
        while not self.load_is_over() and self.left() <= 0:
            self.position = (self.position[0] + 1, NEVER)

    def nominal(self):
        return self.milli * self.host.speed // 1000

    def reserved_on(self, host):
        """Its reservation there: never more than it could use."""
        return min(self.reservation, self.milli * host.speed // 1000)

    def demand(self):
        """Hz wanted now, at most what its vCPUs can take."""
        if self.segments is None:
            wanted = self.nominal()
        elif self.checkpoint_end is not NEVER:
            wanted = self.peak
        elif self.load_is_over():
            wanted = 0
        else:
            wanted = self.segments[self.position[0]][1]
        return min(wanted, self.nominal())

    def ceiling(self):
        return self.demand() if self.limit is NEVER else min(self.demand(), self.limit)

    def share_weight(self):
        return self.weight if self.weight is not NEVER else Fraction(100 * self.milli, 1000)

    # when its next thing happens

    def next_events(self):
        times = []
        if self.lifetime is not NEVER:
            times.append(self.started + self.lifetime)
        if self.checkpoint_end is not NEVER:
            times.append(self.checkpoint_end)
        else:
            if self.next_checkpoint is not NEVER:
                times.append(self.next_checkpoint)
            if self.segments is not None and not self.load_is_over():
                left = self.left()
                if not self.by_work:
                    times.append(self.now + left)
                elif self.used > 0:
                    times.append(self.now + -(-left // self.used))
        return times

    def advance(self, now):
        """Progress of the load from self.now to now: work goes on at the rate of what is used."""
        span = now - self.now
        self.now = now
        if self.segments is None or self.load_is_over() or self.checkpoint_end is not NEVER:
            return
        self.position = (self.position[0], self.left() - (span * self.used if self.by_work else span))

    def schedule_checkpoint(self, now):
        self.next_checkpoint = NEVER if self.interval is NEVER else now + math.floor(self.interval * self.scale ** self.taken)


# --- where VMs come from -------------------------------------------------------------------------------------------------------


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def native_csv(path):
    for row in rows_of(path):
        yield {"id": row["id"], "arrival": row["arrival_s"] + "s", "lifetime": row["lifetime_s"] + "s", "vcpus": row["vcpus"],
               "memory": row["memory_gib"] + " GiB", "priority": row["priority"]}


def opendc(folder):
    """Clock 0 is the earliest submission; the fragments of a task run back to back in file order; sizes in KB, rates in MHz."""
    fragments = {}
    for row in rows_of(os.path.join(folder, "fragments.csv")):
        fragments.setdefault(row["id"], []).append((row["duration"] + " ms", row["cpu_usage"] + " MHz"))
    tasks = rows_of(os.path.join(folder, "tasks.csv"))
    begin = min(int(row["submission_time"]) for row in tasks)
    for row in tasks:
        yield {"id": row["id"], "arrival": f"{int(row['submission_time']) - begin} ms", "vcpus": row["cpu_count"],
               "memory": f"{row['mem_capacity']} kB", "load": {"segments": fragments[row["id"]]}}


def requests(workload, folder):
    """In order of arrival; ties stay in the order written."""
    listed = list(workload.get("vms", []))
    if "trace" in workload:
        reader = {"vdcsim": native_csv, "opendc": opendc}[workload["trace"]["format"]]
        listed += reader(os.path.join(folder, workload["trace"]["path"]))
    return sorted(listed, key=lambda spec: integer(spec.get("arrival", "0s"), "time"))


# --- CPU sharing: weighted max-min with floor and cap, in exact fractions --------------------------------------------------------


def share(capacity, entries):
    """entries: (id, weight, low, high); returns the grants, integers, in the same order."""
    if sum(high for _, _, _, high in entries) <= capacity:
        return [high for _, _, _, high in entries]

    def clamp(level, weight, low, high):
        return min(max(level * weight, Fraction(low)), Fraction(high))

    def total(level):
        return sum((clamp(level, weight, low, high) for _, weight, low, high in entries), Fraction(0))

    levels = sorted({Fraction(bound) / weight for _, weight, low, high in entries for bound in (low, high)} | {Fraction(0)})
    below = max(level for level in levels if total(level) <= capacity)
    above = min(level for level in levels if total(level) > capacity)
    # Between two neighbouring levels the total is a straight line.
    level = below + (above - below) * (capacity - total(below)) / (total(above) - total(below))
    grants, open_ones = [], []
    for index, (number, weight, low, high) in enumerate(entries):
        wanted = clamp(level, weight, low, high)
        grants.append(math.floor(wanted))
        if low < wanted < high:
            open_ones.append((-(wanted - math.floor(wanted)), number, index))
    for _, _, index in sorted(open_ones)[:capacity - sum(grants)]:
        grants[index] += 1
    return grants


# --- placement by plain scan ----------------------------------------------------------------------------------------------------


def norm_of(kind, cpu, memory):
    return {"cpu": cpu, "memory": memory, "l1": cpu + memory, "sum": cpu + memory, "linf": max(cpu, memory),
            "l2": math.sqrt(cpu * cpu + memory * memory)}[kind]


class Placement:
    def __init__(self, spec, hosts):
        self.policy = spec["policy"]
        self.norm = spec.get("norm", "cpu")
        self.plain = spec.get("normalise", "capacity") == "none"
        self.hosts = hosts
        self.last = -1

    def score(self, host, vm):
        """Larger is better."""
        r, s = float(vm.milli), float(vm.memory)
        C, M = float(host.promised_cpu), float(host.promised_memory)
        c, m = float(host.free_cpu()), float(host.free_memory())
        if self.policy in ("best-fit", "worst-fit"):
            left = norm_of(self.norm, (c - r) / C if C else 0.0, (m - s) / M if M else 0.0)
            return -left if self.policy == "best-fit" else left
        if self.policy == "dot-product":
            return (c * r / (C * C) if C else 0.0) + (m * s / (M * M) if M else 0.0)
        wc, wm = self.mean_used()
        if self.policy == "weighted-dot-product":
            return wc * (c * r / (C * C) if C else 0.0) + wm * (m * s / (M * M) if M else 0.0)
        if self.policy == "l2-norm-diff":
            return -(wc * ((c - r) / C if C else 0.0) ** 2 + wm * ((m - s) / M if M else 0.0) ** 2)
        if self.policy == "cosine":
            return self.cosine(C, M, C - c + r, M - m + s)
        return self.off_diagonal(C, M, C - c, M - m) - self.off_diagonal(C, M, C - c + r, M - m + s)  # delta-perp

    def mean_used(self):
        """The mean over all hosts of the used share of CPU and memory."""
        cpu = [1 - Fraction(host.free_cpu(), host.promised_cpu) for host in self.hosts]
        memory = [1 - Fraction(host.free_memory(), host.promised_memory) for host in self.hosts]
        return float(sum(cpu) / len(cpu)), float(sum(memory) / len(memory))

    def scaled(self, C, M, u, v):
        return (C / 1000, M / 2**30, u / 1000, v / 2**30) if self.plain else (1.0, 1.0, u / C, v / M)

    def cosine(self, C, M, u, v):
        C, M, u, v = self.scaled(C, M, u, v)
        below = math.sqrt(C * C + M * M) * math.sqrt(u * u + v * v)
        return (C * u + M * v) / below if below else 0.0

    def off_diagonal(self, C, M, u, v):
        """The distance of the used vector from the line of the capacity."""
        if u == 0 and v == 0:
            return 0.0
        cosine = self.cosine(C, M, u, v)
        _, _, u, v = self.scaled(C, M, u, v)
        return math.sqrt(u * u + v * v) * math.sqrt(max(0.0, 1 - cosine * cosine))

    def choose(self, vm):
        count = len(self.hosts)
        feasible = [host for host in self.hosts if host.fits(vm)]
        if not feasible:
            return None
        if self.policy == "first-fit":
            best = feasible[0]
        elif self.policy in ("next-fit", "round-robin"):
            begin = max(self.last, 0) if self.policy == "next-fit" else self.last + 1
            best = min(feasible, key=lambda host: (host.id - begin) % count)
        else:
            scores = [(self.score(host, vm), host) for host in feasible]
            top, best = max(scores, key=lambda pair: (pair[0], -pair[1].id))
            for score, host in scores:
                # Equal inputs give equal scores in whatever order they are computed; other near ties are decided by rounding.
                # A square root of a difference near 0 (delta-perp) keeps half of the digits.
                if abs(score - top) <= (1e-6 if self.policy == "delta-perp" else 1e-12) * max(1.0, abs(top)) and self.inputs(host) != self.inputs(best):
                    raise Ambiguous(f"{self.policy}: hosts {best.id} and {host.id} for VM {vm.id}")
        self.last = best.id
        return best

    def inputs(self, host):
        cpu, memory = (host.promised_cpu, host.free_cpu()), (host.promised_memory, host.free_memory())
        return {"cpu": cpu, "memory": memory}.get(self.norm, (cpu, memory)) if self.policy.endswith("-fit") else (cpu, memory)


# --- the run --------------------------------------------------------------------------------------------------------------------

RATES = ("P_cpu", "P_memory", "G_cpu", "T", "S_cpu", "S_waste_cpu", "S_idle_cpu", "U_cpu", "ready", "throttled", "idle", "energy", "carbon",
         "active", "unused", "steal", "host_active", "queue")
COUNTS = ("arrivals", "placed", "rejected", "completed")


class Simulation:
    def __init__(self, scenario, folder):
        datacenter = scenario["datacenter"]
        self.hosts = []
        for spec in datacenter["hosts"]:
            for _ in range(int(spec.get("count", "1"))):
                self.hosts.append(Host(len(self.hosts), spec, datacenter.get("overcommit", {})))
        self.vms = [Vm(number, spec) for number, spec in enumerate(requests(scenario["workload"], folder))]
        self.to_come = list(self.vms)
        self.queue = []
        schedulers = scenario.get("schedulers", {})
        self.admission = schedulers.get("admission", {"policy": "fifo"})
        self.timeout = integer(self.admission["timeout"], "time") if "timeout" in self.admission else NEVER
        self.placement = Placement(schedulers.get("placement", {"policy": "first-fit"}), self.hosts)
        self.sharing = schedulers.get("cpu", {}).get("policy", "fair-share")
        power = scenario.get("power", {})
        self.pue = exact(power.get("pue", "1"), "count")
        self.carbon = []
        if "carbon" in power:
            start = datetime.datetime.fromisoformat(scenario["time"]["start"].replace("Z", "+00:00"))
            offset = round((start - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)).total_seconds() * SECOND)
            self.carbon = [(int(row["timestamp"]) * 10**6 - offset, Fraction(row["carbon_intensity"]))
                           for row in rows_of(os.path.join(folder, power["carbon"]["trace"]))]
        self.empty_is_off = power.get("empty_host", "on") == "off"
        self.down_draws_idle = power.get("down_host", "off") == "idle"
        failures = scenario.get("failures", {})
        trace = failures.get("trace", {})
        self.rows = [tuple(row) for row in trace.get("rows", [])]
        self.repeat = trace.get("repeat", "false") == "true"
        self.max_failures = int(failures.get("recovery", {}).get("max_failures", "10"))
        self.row = 0
        self.failure_at = self.recovery_at = NEVER
        self.next_failure(0)
        time = scenario.get("time", {})
        self.tick = integer(time.get("tick", "5min"), "time")
        self.end_rule = time.get("end", "last-vm")
        self.end_at = integer(self.end_rule, "time") if self.end_rule not in ("last-vm", "last-arrival") else NEVER
        self.now = 0
        self.totals = {name: Fraction(0) for name in RATES}
        self.tick_sums = {name: Fraction(0) for name in RATES}
        self.counts = {name: 0 for name in COUNTS}
        self.tick_counts = {name: 0 for name in COUNTS}
        self.ticks = []
        self.hosts_used_max = 0
        self.placed_vms = 0
        self.tick_written = 0

    def count(self, name):
        self.counts[name] += 1
        self.tick_counts[name] += 1

    # events

    def next_failure(self, since):
        if self.row < len(self.rows):
            self.failure_at = since + integer(self.rows[self.row][0], "time")
        else:
            self.failure_at = NEVER

    def recover(self):
        for host in self.hosts:
            host.up = True
        self.recovery_at = NEVER
        self.row += 1
        if self.repeat and self.row == len(self.rows):
            self.row = 0
        self.next_failure(self.now)

    def fail(self):
        _, duration, part = self.rows[self.row]
        hit = round(exact(part, "share") * len(self.hosts))
        assert hit in (0, len(self.hosts)), "only failures of all hosts or of none do not depend on a draw"
        self.failure_at = NEVER
        self.recovery_at = self.now + integer(duration, "time")
        for host in self.hosts[:hit]:
            host.up = False
            for vm in sorted(host.vms, key=lambda v: v.number):
                vm.host = None
                vm.failures += 1
                vm.position, vm.taken = vm.saved, 0
                vm.next_checkpoint = vm.checkpoint_end = NEVER
                if vm.failures >= self.max_failures:
                    vm.state, vm.end = "failed", self.now
                else:
                    vm.state, vm.queued_since = "queued", self.now
                    self.queue.append(vm)
            host.vms = []

    def start(self, vm, host):
        vm.host, vm.last_host, vm.state, vm.started, vm.now = host, host.id, "running", self.now, self.now
        vm.granted = vm.used = 0
        if vm.first_start is NEVER:
            vm.first_start = self.now
            self.placed_vms += 1
        host.vms.append(vm)
        self.hosts_used_max = max(self.hosts_used_max, sum(1 for host in self.hosts if host.vms))
        host.vms.sort(key=lambda v: v.number)
        self.count("placed")
        vm.schedule_checkpoint(self.now)
        if vm.segments is not None:
            vm.pass_finished_segments()

    def running(self):
        return [vm for host in self.hosts for vm in host.vms]

    def end_finished(self):
        """VM ends; returns whether there was one."""
        finished = [vm for vm in self.running()
                    if (vm.lifetime is not NEVER and self.now >= vm.started + vm.lifetime)
                    or (vm.lifetime is NEVER and vm.load_is_over() and vm.checkpoint_end is NEVER)]
        for vm in finished:
            vm.host.vms.remove(vm)
            vm.host, vm.state, vm.end = None, "completed", self.now
            self.count("completed")
        return bool(finished)

    def change_loads(self):
        for vm in self.running():
            if vm.checkpoint_end is not NEVER and vm.checkpoint_end <= self.now:
                vm.checkpoint_end = NEVER
                vm.taken += 1
                vm.schedule_checkpoint(self.now)
            if vm.segments is not None and vm.checkpoint_end is NEVER:
                vm.pass_finished_segments()
            if vm.next_checkpoint is not NEVER and vm.next_checkpoint <= self.now:
                vm.next_checkpoint = NEVER
                if not vm.load_is_over():
                    vm.saved = vm.position
                    vm.checkpoint_end = self.now + vm.duration

    def arrive(self):
        while self.to_come and self.to_come[0].arrival <= self.now:
            vm = self.to_come.pop(0)
            self.count("arrivals")
            if not any(host.fits(vm, empty=True) for host in self.hosts):
                vm.state, vm.end = "rejected", self.now
                self.count("rejected")
                continue
            vm.state, vm.queued_since = "queued", self.now
            self.queue.append(vm)

    def pass_queue(self):
        policy = self.admission["policy"]
        skips = int(self.admission.get("depth", "0")) if policy == "fifo-skip" else 0
        order = sorted(self.queue, key=lambda vm: -vm.priority) if policy == "priority" else list(self.queue)  # stable
        for vm in order:
            host = self.placement.choose(vm)
            if host:
                self.queue.remove(vm)
                self.start(vm, host)
            elif self.timeout is not NEVER and self.now >= vm.queued_since + self.timeout:
                self.queue.remove(vm)
                vm.state, vm.end = "rejected", self.now
                self.count("rejected")
            elif skips:
                skips -= 1
            else:
                break
        # A time-out does not wait for the head of the line.
        if self.timeout is not NEVER:
            for vm in [v for v in self.queue if self.now >= v.queued_since + self.timeout]:
                self.queue.remove(vm)
                vm.state, vm.end = "rejected", self.now
                self.count("rejected")

    def shares(self, host, vms):
        if self.sharing == "equal-share":
            return share(host.capacity, [(vm.id, 1, 0, vm.ceiling()) for vm in vms])
        grants = {}
        left = host.capacity
        # strict-priority: class by class on what is left; else all are one class.
        for priority in sorted({vm.priority for vm in vms}, reverse=True) if self.sharing == "strict-priority" else [None]:
            chosen = [vm for vm in vms if priority in (None, vm.priority)]
            given = share(left, [(vm.id, vm.share_weight(), min(vm.reservation, vm.ceiling()), vm.ceiling()) for vm in chosen])
            grants.update(zip((vm.id for vm in chosen), given))
            left -= sum(given)
        return [grants[vm.id] for vm in vms]

    def grant(self):
        for host in self.hosts:
            vms = sorted(host.vms, key=lambda v: v.id)
            grants = self.shares(host, vms)
            for vm, granted in zip(vms, grants):
                vm.granted = granted
            busy = Fraction(sum(grants), host.speed)
            useful = Fraction(1)
            if busy > host.physical_cores:
                useful = (host.physical_cores + host.smt_yield * (busy - host.physical_cores)) / busy
            for vm in vms:
                vm.used = math.floor(vm.granted * useful)

    # accounts

    def rates(self):
        rate = {name: Fraction(0) for name in RATES}
        for host in self.hosts:
            granted = sum(vm.granted for vm in host.vms)
            for vm in host.vms:
                speed = host.speed
                rate["P_cpu"] += Fraction(vm.milli, 1000)
                rate["P_memory"] += vm.memory
                rate["T"] += Fraction(vm.granted, speed)
                rate["U_cpu"] += Fraction(vm.used, speed)
                rate["S_cpu"] += Fraction(vm.reserved_on(host), speed)
                rate["ready"] += Fraction(vm.ceiling() - vm.granted, speed)
                rate["throttled"] += Fraction(vm.demand() - vm.ceiling(), speed)
                rate["idle"] += Fraction(vm.nominal() - vm.demand(), speed)
            demand = sum(vm.demand() for vm in host.vms)
            rate["active"] += Fraction(granted, host.capacity)
            rate["unused"] += Fraction(host.capacity - granted, host.capacity)
            rate["steal"] += Fraction(demand - granted, host.capacity)
            rate["host_active"] += bool(host.vms)
            rate["energy"] += self.watts_of(host, granted)
        if self.carbon:
            rate["carbon"] = rate["energy"] * self.pue * self.intensity() / 3_600_000
        rate["G_cpu"] = rate["T"]
        rate["queue"] = Fraction(len(self.queue))
        return rate

    def intensity(self):
        """g/kWh: a step function, the first value reaching backwards."""
        return ([value for time, value in self.carbon if time <= self.now] or [self.carbon[0][1]])[-1]

    def watts_of(self, host, granted):
        if host.up and host.power and self.empty_is_off and not host.vms:
            return exact(host.power.get("off", "5 W"), "power")
        if host.up:
            return host.watts(granted)
        return host.idle_watts() if self.down_draws_idle else Fraction(0)

    def advance(self, time):
        span = Fraction(time - self.now, SECOND)
        if span:
            for name, value in self.rates().items():
                self.totals[name] += value * span
                self.tick_sums[name] += value * span
        for vm in self.running():
            vm.advance(time)
        self.now = time

    def write_tick(self):
        running = self.running()
        row = {name: value for name, value in self.tick_sums.items()}
        row.update(self.tick_counts)
        row["time"] = Fraction(self.now, SECOND)
        row["cpu_demand"] = sum(vm.demand() for vm in running)
        row["cpu_granted"] = sum(vm.granted for vm in running)
        row["power"] = sum((self.watts_of(host, sum(vm.granted for vm in host.vms)) for host in self.hosts), Fraction(0))
        row["carbon_intensity"] = self.intensity() if self.carbon else 0
        row["vms_running"] = len(running)
        row["vms_queued"] = len(self.queue)
        row["hosts_used"] = sum(1 for host in self.hosts if host.vms)
        self.ticks.append(row)
        self.tick_sums = {name: Fraction(0) for name in RATES}
        self.tick_counts = {name: 0 for name in COUNTS}
        self.tick_written = self.now

    # the loop

    def is_over(self):
        if self.end_at is not NEVER:
            return self.now >= self.end_at
        if self.to_come:
            return False
        if self.end_rule == "last-arrival":
            return True
        return not self.queue and all(vm.lifetime is NEVER and vm.segments is None for vm in self.running())

    def next_time(self):
        times = [time for vm in self.running() for time in vm.next_events()]
        times += [time for time in (self.failure_at, self.recovery_at, self.end_at) if time is not NEVER]
        times.append(self.tick_written + self.tick - self.tick_written % self.tick)
        if self.timeout is not NEVER:
            times += [vm.queued_since + self.timeout for vm in self.queue]
        if self.to_come:
            times.append(self.to_come[0].arrival)
        times += [time for time, _ in self.carbon if time > self.now]
        return min(times)

    def instant(self):
        """Everything that happens at self.now, in the order of the ranks."""
        if self.recovery_at == self.now:
            self.recover()
        if self.failure_at == self.now:
            self.fail()
        while True:
            self.change_loads_and_ends()
            self.arrive()
            self.pass_queue()
            # What was just started may be over at once; its room is then offered again.
            if not self.change_loads_and_ends():
                break
        self.grant()

    def change_loads_and_ends(self):
        ended = self.end_finished()
        self.change_loads()
        return self.end_finished() or ended

    def run(self):
        steps = 0
        while True:
            self.instant()
            over = self.is_over()
            if self.now > 0 and (over or self.now % self.tick == 0):
                self.write_tick()
            if over:
                break
            self.advance(self.next_time())
            steps += 1
            if steps > 200000:
                raise RuntimeError("the reference model does not come to an end")
        return self.result()

    def result(self):
        states = [vm.state for vm in self.vms]
        summary = {
            "end_s": Fraction(self.now, SECOND), "ticks": len(self.ticks),
            "vms_arrived": self.counts["arrivals"], "vms_placed": self.placed_vms,
            "vms_completed": states.count("completed"), "vms_rejected": states.count("rejected"),
            "vms_queued": states.count("queued"), "vms_failed": states.count("failed"), "vms_evicted": 0, "vms_lost": 0,
            "cpu_active_s": self.totals["active"], "cpu_idle_s": self.totals["unused"], "cpu_steal_s": self.totals["steal"],
            "hosts_used_max": self.hosts_used_max, "host_active_s": self.totals["host_active"],
            "wait_total_s": self.totals["queue"],  # every wait, over or not (I22)
        }
        for name in ("P_cpu", "S_cpu", "S_waste_cpu", "S_idle_cpu", "U_cpu"):
            summary[name + "_core_s"] = self.totals[name]
        summary["T_cpu_core_s"] = self.totals["T"]
        summary["P_memory_byte_s"] = self.totals["P_memory"]
        for name in ("ready", "throttled", "idle"):
            summary[name + "_core_s"] = self.totals[name]
        if any(host.power for host in self.hosts):
            summary["energy_j"] = self.totals["energy"]
            summary["facility_energy_j"] = self.totals["energy"] * self.pue
            if self.carbon:
                summary["carbon_g"] = self.totals["carbon"]
        return {"summary": summary, "ticks": self.ticks, "vms": self.vms}


def simulate(scenario, folder="."):
    """`folder`: what paths in the scenario are relative to."""
    return Simulation(scenario, folder).run()
