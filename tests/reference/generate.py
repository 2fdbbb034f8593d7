"""Random small scenarios for the comparison with the reference model: generate(number) -> {file name: text}, the same for the same number.
The scenario is case.yaml; what it reads lies beside it.

Times come from a coarse grid more often than not, so that events meet at one instant; sizes are small against the hosts and
arrivals dense, so that queues form, shares are contended and failures strike VMs in every state.
"""
import random

GRIDS = (60_000_000_000, 60_000_000_000, 10_000_000_000, 1_000_000_000, 1_000_000, 1)  # ns


def time_text(rng, ns):
    forms = [f"{ns} ns"]
    for unit, size in (("us", 10**3), ("ms", 10**6), ("s", 10**9), ("min", 60 * 10**9), ("h", 3600 * 10**9)):
        if ns % size == 0:
            forms.append(f"{ns // size}{rng.choice(['', ' '])}{unit}")
    if ns % 10**9 == 0:
        forms.append(str(ns // 10**9))
    return rng.choice(forms[-3:])


def rate_text(rng, hertz):
    forms = [f"{hertz} Hz", f"{hertz}"]
    if hertz % 1000 == 0:
        forms.append(f"{hertz / 10**6:.3f} MHz")
    if hertz % 10**6 == 0:
        forms += [f"{hertz // 10**6} MHz", f"{hertz / 10**9:.3f} GHz"]
    return rng.choice(forms)


def flow(value):
    """YAML in flow style, on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(part) for part in value) + "]"
    return str(value)


def power(rng):
    idle = rng.choice([0, 50, 100, 131.5])
    top = idle + rng.choice([0, 60, 100, 250.25])
    model = rng.choice(["linear"] * 5 + ["sqrt", "square", "cubic", "mse", "asymptotic", "constant", "table"])
    if model == "constant":
        return {"model": model, "max": f"{top} W"}
    if model == "table":
        watts, level = [], float(idle)
        for _ in range(11):
            watts.append(f"{level:.1f}")
            level += rng.choice([0, 7.5, 12, 31])
        return {"model": model, "watts": watts}
    spec = {"model": model, "idle": f"{idle} W", "max": f"{top} W"}
    if model == "mse":
        spec["r"] = rng.choice(["1.4", "1", "2"])
    if model == "asymptotic":
        spec["tau"] = rng.choice(["0.5", "0.8"])
    if rng.random() < 0.3:
        spec["off"] = rng.choice(["0 W", "7.5 W"])
    return spec


def hosts(rng, smt):
    with_power = rng.random() < 0.8
    classes = []
    for number in range(rng.choice([1, 1, 2, 3])):
        cpu = {"cores": rng.choice([1, 2, 4, 8]), "speed": rate_text(rng, rng.choice([10**9, 2 * 10**9, 2_100_000_000, 2_600_000_000, 999_999_000]))}
        if rng.random() < 0.2:
            cpu["sockets"] = 2
        if smt and rng.random() < 0.6:
            cpu["threads"] = 2
            cpu["smt_yield"] = rng.choice(["0%", "25%", "30%", "0.5"])
        spec = {"class": f"class-{number}", "count": rng.choice([1, 1, 2, 3]), "cpu": cpu, "memory": rng.choice(["8 GiB", "16 GiB", "64 GiB", "20000000000 B"])}
        if rng.random() < 0.1:
            spec["reserve"] = {"cpu": rng.choice(["0.5", "0"]), "memory": "1 GiB"}
        if with_power:
            spec["power"] = power(rng)
        classes.append(spec)
    return classes


def load(rng, grid, scale, smt):
    segments = []
    for _ in range(rng.choice([1, 1, 2, 3, 6])):
        duration = rng.randint(1, 12) * grid * scale
        if rng.random() < 0.05:
            duration = 0
        rate = rng.choice([0, 500, 1000, 1000, 2000, 3000, 4200]) * 10**6 if rng.random() < 0.7 else rng.randint(0, 5 * 10**9)
        segments.append([time_text(rng, duration), rate_text(rng, rate)])
    spec = {"segments": segments}
    # What SMT leaves of a grant is rounded from a double, so the end of work is not exact to the nanosecond.
    if rng.random() < 0.7 and not smt:
        spec["progress"] = rng.choice(["time", "work"])
    return spec


def vm(rng, number, arrival, grid, scale, smt, endless, checkpoints):
    spec = {"id": number, "arrival": time_text(rng, arrival), "vcpus": rng.choice([1, 1, 2, 2, 4, 8, "0.5", "1.5"]),
            "memory": rng.choice(["0 B", "1 GiB", "1 GiB", "2 GiB", "4 GiB", "7 GiB", "512 MiB"])}
    if rng.random() < 0.02:
        spec["vcpus"] = 1000
    if rng.random() < 0.5:
        spec["priority"] = rng.choice(["low", "normal", "high", 0, 1, 2, 7])
    cpu = {}
    if rng.random() < 0.3:
        cpu["weight"] = rng.choice([1, 2, 50, 100, 333, 1000])
    if rng.random() < 0.15:
        cpu["reservation"] = rate_text(rng, rng.choice([100, 300, 500, 999]) * 10**6)
    if rng.random() < 0.2:
        cpu["limit"] = rng.choice(["none", rate_text(rng, rng.choice([1500, 3000] if cpu.get("reservation") else [100, 700, 1500, 3000]) * 10**6)])
    if cpu:
        spec["cpu"] = cpu
    kind = rng.choice(["lifetime", "load", "load", "load", "both"] + (["neither"] if endless else []))
    if kind in ("lifetime", "both"):
        spec["lifetime"] = time_text(rng, rng.randint(1, 20) * grid * scale)
    if kind in ("load", "both"):
        spec["load"] = load(rng, grid, scale, smt)
    if kind == "load" and checkpoints and rng.random() < 0.6:
        spec["checkpoint"] = {"interval": time_text(rng, rng.randint(1, 5) * grid * scale),
                              "duration": time_text(rng, rng.choice([1, 1, 2, 0]) * grid * scale // rng.choice([1, 2, 4])),
                              "scale": rng.choice(["1", "1", "2", "1.5" if grid >= 10**6 else "2"])}
    return spec


def native_csv(rng, vms):
    """The same VMs as a native trace: those that have a lifetime and nothing that only inline VMs can say."""
    text = "id,arrival_s,lifetime_s,vcpus,memory_gib,priority\n"
    for number, arrival in enumerate(sorted(vms)):
        text += f"{number},{decimal(arrival)},{decimal(rng.randint(1, 20) * rng.choice([10**9, 60 * 10**9, 123_456_789]))}," \
            f"{rng.choice(['1', '2', '4', '0.5'])},{rng.choice(['1', '2', '0.5', '3.75'])},{rng.choice(['0', '1', '2'])}\n"
    return {"vms.csv": text}


def opendc(rng, vms):
    begin = 1_640_995_200_000
    tasks = [(begin + arrival // 10**6, number) for number, arrival in enumerate(vms)]
    rng.shuffle(tasks)
    fragments = []
    for _, number in tasks:
        for _ in range(rng.choice([1, 2, 5])):
            rate = rng.choice(["0", "500", "1000.5", "2099.9999995", "2600", "33.333333"])
            fragments.append(f"{number},{rng.choice([1000, 60000, 30000, 1, 300000])},{rate}")
    return {"trace/tasks.csv": "id,submission_time,duration,cpu_count,cpu_capacity,mem_capacity\n" + "".join(
                f"{number},{time},1000,{rng.choice([1, 2, 4])},2000,{rng.choice([0, 100000, 4000000])}\n" for time, number in tasks),
            "trace/fragments.csv": "id,duration,cpu_usage\n" + "\n".join(fragments) + "\n"}


def carbon(rng, step):
    begin, text = 1_640_995_200_000, "timestamp,carbon_intensity\n"
    for row in range(rng.choice([1, 3, 20])):
        text += f"{begin + (row - 1) * step},{rng.choice(['0', '80', '120.5', '433.25'])}\n"
    return {"carbon.csv": text}


def decimal(ns):
    """Seconds, exactly."""
    return f"{ns // 10**9}.{ns % 10**9:09d}".rstrip("0").rstrip(".")


def generate(number):
    rng = random.Random(f"vdcsim reference {number}")
    grid = rng.choice(GRIDS)
    scale = max(1, 10 * 10**9 // grid // rng.choice([1, 10])) if grid < 10**9 else 1
    failing = rng.random() < 0.35
    smt = rng.random() < 0.2
    ending = rng.choice(["last-vm"] * 4 + ["fixed", "last-arrival"])
    count = rng.choice([1, 2, 3, 5, 8, 13, 21])
    horizon = rng.choice([0, 5, 20, 60])
    arrivals = sorted(rng.randint(0, horizon) * grid * scale for _ in range(count))
    vms = [vm(rng, n, arrivals[n], grid, scale, smt, ending != "last-vm", failing) for n in range(count)]
    if rng.random() < 0.2:
        rng.shuffle(vms)
    sharing = rng.choice(["fair-share"] * 6 + ["equal-share", "strict-priority"])
    if sharing == "strict-priority":
        for spec in vms:
            spec.get("cpu", {}).pop("reservation", None)
    files = {}
    workload = {"vms": vms}
    if rng.random() < 0.15:
        files.update(native_csv(rng, arrivals))
        workload = {"trace": {"format": "vdcsim", "path": "vms.csv"}}
    elif rng.random() < 0.15:
        files.update(opendc(rng, arrivals))
        workload = {"trace": {"format": "opendc", "path": "trace"}}
    admission = {"policy": rng.choice(["fifo", "fifo", "fifo-skip", "priority"])}
    if admission["policy"] == "fifo-skip":
        admission["depth"] = rng.choice([1, 2, 100])
    if not failing and rng.random() < 0.25:
        admission["timeout"] = rng.choice(["0s", time_text(rng, rng.randint(1, 10) * grid * scale)])
    placement = {"policy": rng.choice(["first-fit", "first-fit", "next-fit", "round-robin", "best-fit", "worst-fit", "dot-product", "cosine",
                                        "weighted-dot-product", "l2-norm-diff", "delta-perp"])}
    if placement["policy"] in ("best-fit", "worst-fit"):
        placement["norm"] = rng.choice(["cpu", "memory", "l1", "l2", "linf", "sum"])
    if placement["policy"] in ("cosine", "delta-perp"):
        placement["normalise"] = rng.choice(["capacity", "none"])
    time = {"tick": time_text(rng, rng.choice([1, 3, 7, 50]) * grid * scale)}
    time["end"] = time_text(rng, rng.randint(1, 80) * grid * scale) if ending == "fixed" else ending
    scenario = {
        "vdcsim": 1, "name": f"case-{number}", "seed": number, "time": time,
        "datacenter": {"hosts": hosts(rng, smt), "overcommit": {"cpu": rng.choice(["1", "1", "1.5", "2", "4", "16"]), "memory": rng.choice(["1", "1", "1.25"])}},
        "workload": workload,
        "schedulers": {"admission": admission, "placement": placement, "cpu": {"policy": sharing}, "rebalance": {"policy": "none"}},
    }
    if failing:
        rows = [[time_text(rng, rng.randint(1, 20) * grid * scale), time_text(rng, rng.randint(1, 10) * grid * scale), rng.choice(["100%", "100%", "0%", "1.0"])]
                for _ in range(rng.choice([1, 2, 3]))]
        scenario["failures"] = {"trace": {"rows": rows, "repeat": rng.choice(["false", "false", "true"]) if ending != "last-vm" else "false"},
                                "recovery": {"policy": "restart", "max_failures": rng.choice([1, 2, 10])}}
    scenario["power"] = {"down_host": rng.choice(["off", "idle"])}
    if rng.random() < 0.2:
        scenario["power"]["empty_host"] = "off"
    if rng.random() < 0.3:
        scenario["power"]["pue"] = rng.choice(["1.2", "1.58"])
    if rng.random() < 0.2 and any("power" in spec for spec in scenario["datacenter"]["hosts"]):
        scenario["time"]["start"] = "2022-01-01T00:00:00Z"
        scenario["power"]["carbon"] = {"trace": "carbon.csv"}
        files.update(carbon(rng, rng.choice([1000, 60000, 300000])))
    scenario["output"] = {"ticks": "true", "vms": "final"}
    text = f"# Case {number} of the comparison with the reference model\n"
    for key, value in scenario.items():
        if key in ("workload", "datacenter"):
            text += f"{key}:\n"
            for inner, part in value.items():
                if isinstance(part, list):
                    text += f"  {inner}:\n" + "".join(f"    - {flow(item)}\n" for item in part)
                else:
                    text += f"  {inner}: {flow(part)}\n"
        else:
            text += f"{key}: {flow(value)}\n"
    return {"case.yaml": text, **files}
