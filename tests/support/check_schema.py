#!/usr/bin/python3
"""Checks the JSON Schema of scenarios: check_schema.py SCHEMA.json SCENARIO.yaml...

The schema must be one, accept every scenario given, and refuse what the list below does to the first of them. Prints what is wrong, one line
each; exit 1 when there is any, 77 when python3-jsonschema is not installed.
"""
import copy
import json
import re
import sys

import yaml

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)


class Loader(yaml.SafeLoader):
    """Scalars as vdcsim takes them: true, false, null and plain numbers; everything else (dates, on, off) is text."""


Loader.yaml_implicit_resolvers = {}
Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(~|null|)$"), ["~", "n", ""])
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), ["t", "f"])
Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?[0-9]+$"), list("-+0123456789"))
Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$"), list("-+0123456789."))


def put(tree, path, value):
    for step in path[:-1]:
        tree = tree[step] if isinstance(tree, list) else tree.setdefault(step, {})
    if value is None:
        del tree[path[-1]]
    else:
        tree[path[-1]] = value


WRONG = [
    (("vdcsim",), 2), (("vdcsim",), None), (("datacenter",), None), (("wrokload",), {}), (("seed",), 1.5), (("seed",), -1),
    (("time", "tick"), "soon"), (("time", "tik"), "5min"), (("datacenter", "hosts"), "many"), (("datacenter", "hosts", 0, "memory"), None),
    (("datacenter", "hosts", 0, "cpu"), {"cores": 0}), (("datacenter", "hosts", 0, "cpu"), {"coers": 1}),
    (("datacenter", "hosts", 0, "power"), {"model": "linaer"}), (("datacenter", "overcommit"), {"cpu": 0}),
    (("workload", "vms"), [{"vcpu": 1}]), (("workload", "trace"), {"format": "opendk", "path": "x"}), (("workload", "trace"), {"format": "opendc"}),
    (("schedulers", "placement"), {"policy": "best_fit"}), (("schedulers", "placement"), {"policy": "first-fit", "norm": "l2"}),
    (("schedulers", "admission"), {"policy": "fifo", "timeout": "never"}), (("failures",), {"trace": [1]}), (("power",), {"pue": 0.5}),
    (("output",), {"vms": "all"}),
]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    wrong = []
    first = None
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as file:
            scenario = yaml.load(file, Loader)
        first = first or scenario
        wrong += [f"{path}: {'.'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in validator.iter_errors(scenario)]
    for path, value in WRONG:
        changed = copy.deepcopy(first)
        put(changed, path, value)
        if validator.is_valid(changed):
            wrong.append(f"accepted: {'.'.join(map(str, path))} = {value}")
    if not validator.is_valid({"extends": "other.yaml", "name": "x"}):
        wrong.append("refused: a scenario that extends another")
    print("\n".join(wrong) or f"{len(sys.argv) - 2} scenarios accepted, {len(WRONG)} mistakes refused")
    sys.exit(1 if wrong else 0)


main()
