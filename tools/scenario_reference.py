#!/usr/bin/python3
"""Writes the reference part of docs/scenario.md from `vdcsim validate --schema`, so that it says what the parser does.

    scenario_reference.py VDCSIM PAGE.md            rewrites what follows the marker line in PAGE.md
    scenario_reference.py VDCSIM PAGE.md --check    says whether the page is up to date, changes nothing

Standard library only.
"""
import json
import re
import subprocess
import sys

MARKER = "<!-- What follows is written by `make docs` from the parser's own tables. -->\n"
QUANTITY = {"time": "time", "frequency": "frequency", "size": "size", "data rate": "data rate", "power": "power", "ratio": "ratio", "number": "number"}
VARIANT_KEYS = ("policy", "format", "model", "dist", "kind")


def alternatives(schema):
    """The schema and everything that its anyOf and oneOf offer, flat."""
    yield schema
    for part in schema.get("anyOf", []) + schema.get("oneOf", []):
        yield from alternatives(part)


def variant_of(schema):
    """(key, value) when the object is one of several, told apart by a constant: {policy: first-fit, …}."""
    for key in VARIANT_KEYS:
        constant = schema.get("properties", {}).get(key, {}).get("const")
        if constant is not None:
            return key, constant
    return None


def number(value):
    return f"{value:.12g}"


def cells_of(key, schema, required):
    text = schema.get("description", "")
    default = re.search(r"(?:^|\.? )Default: (.*)$", text)
    if default:
        text = text[:default.start()]
    quantity = re.search(r"(?:^|\. )an? (time|frequency|size|data rate|power|ratio|number) such as .*$", text)
    if quantity:
        text = text[:quantity.start()]
    kinds, bounds, words = [], None, []
    for part in alternatives(schema):
        kind = part.get("type")
        if kind in ("integer", "number") and "minimum" in part:
            bounds = (part.get("minimum"), part.get("maximum"))
        if kind in ("integer", "number"):
            kinds.append(kind)
        elif kind == "boolean":
            kinds.append("true, false")
        elif kind == "array":
            kinds.append("list")
        elif kind == "object" and not variant_of(part):
            kinds.append("mapping")
        elif kind == "string" and "pattern" not in part or kind == ["string", "number", "boolean"]:
            kinds.append("text")
        if "enum" in part:
            words += [str(word) for word in part["enum"]]
        elif "const" in part:
            words.append(str(part["const"]))
    if quantity:
        kinds = [QUANTITY[quantity.group(1)]]
    variants = [variant_of(part) for part in alternatives(schema) if variant_of(part)]
    if variants:
        kinds.append(f"mapping with `{variants[0][0]}`: below")
    if not kinds and not words:
        kinds = ["as it says"]
    allowed = ", ".join(dict.fromkeys(kinds + [f"`{word}`" for word in words]))
    # Bounds that only say what fits into an integer are no news to a reader; a bound of 1 ns says: above 0.
    low, high = bounds or (None, None)
    if high is not None and high < 4e9:
        allowed += f" {number(low)} … {number(high)}"
    elif low:
        allowed += " > 0" if low == 1e-09 else f" ≥ {number(low)}"
    standing = f"`{default.group(1)}`" if default else "required" if required else "–"
    return [f"`{key}`", text.strip().rstrip("."), allowed, standing]


def table(rows):
    lines = ["| key | what | value | default |", "| --- | --- | --- | --- |"]
    return lines + ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]


def keys_of(schema, leave=()):
    required = schema.get("required", [])
    return [cells_of(key, part, key in required) for key, part in schema.get("properties", {}).items() if key not in leave]


def section(path, schema, out):
    """An object's own table, then the sections below it."""
    for part in alternatives(schema):
        if part.get("type") == "array":
            section(path + "[]", part.get("items", {}), out)
    plain = [part for part in alternatives(schema) if "properties" in part and not variant_of(part)]
    for part in plain:
        heading = f"`{path}`" if path else "The top"
        title = part.get("title") if path else None
        out += ["", f"### {heading}", ""] + ([title + ".", ""] if title else []) + table(keys_of(part))
        for key, inner in part["properties"].items():
            section(f"{path}.{key}" if path else key, inner, out)
    variants = [part for part in alternatives(schema) if variant_of(part)]
    if not variants:
        return
    key = variant_of(variants[0])[0]
    common = set(variants[0]["properties"])
    for part in variants[1:]:
        common &= set(part["properties"])
    common = {name for name in common if name != key and all(part["properties"][name] == variants[0]["properties"][name] for part in variants)}
    if len(variants) == 1:
        common = set()
    out += ["", f"### `{path}`", ""]
    if common:
        out += [f"Whatever the `{key}`:", ""] + table(row for row in keys_of(variants[0]) if row[0].strip("`") in common) + [""]
    out += [f"| `{key}` | what | its own keys |", "| --- | --- | --- |"]
    for part in variants:
        own = []
        for row in keys_of(part, leave=common | {key}):
            said = ": ".join(text for text in (row[0], row[1]) if text)
            own.append(f"{said} ({row[2]}; {row[3]})")
        cells = [f"`{variant_of(part)[1]}`", part.get("title", ""), "<br>".join(own)]
        out.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")


def main():
    vdcsim, page = sys.argv[1:3]
    schema = json.loads(subprocess.run([vdcsim, "validate", "--schema"], capture_output=True, text=True, check=True).stdout)
    out = []
    section("", schema, out)
    with open(page, encoding="utf-8") as stream:
        text = stream.read()
    head = text[:text.index(MARKER) + len(MARKER)]
    wanted = head + "\n".join(out) + "\n"
    if "--check" in sys.argv[3:]:
        print(f"{page}: {'up to date' if wanted == text else 'differs from the parser: run `make docs`'}")
        return wanted != text
    with open(page, "w", encoding="utf-8") as stream:
        stream.write(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
