#!/usr/bin/python3
"""Holds the tree to its own rules: check.py [--root DIR] [--objects BUILD]

* includes go one way only (the table LAYERS below), are written from the root of the repository and exist; nobody includes tests/
* library code does not print, exit or abort, and allocates through sim/base/memory.h alone
* no mutable globals in the library: no symbol of its objects in a writable section (read with nm from BUILD/obj, where that is there)
* no path of the machine it was written on, no marks of unfinished work, no tabs, trailing blanks or over-long lines

Prints file:line: rule, one line a finding; exit 1 when there is any. Standard library only.
"""
import argparse
import os
import re
import subprocess
import sys

# Folder -> (layer, name). The first match counts. A file may include its own layer and what stands to the left of it.
LAYERS = [
    ("sim/base/", 0, "sim/base"),
    ("sim/engine/", 1, "sim/engine"),
    ("models/", 2, "models"),
    ("schedulers/", 3, "schedulers"),
    ("workloads/", 4, "workloads"),
    ("sim/scenario/", 5, "sim/scenario"),
    ("sim/record/", 5, "sim/record"),
    ("sim/cli/", 7, "sim/cli"),
    ("sim/", 5, "sim/simulation"),
    ("analysis/", 6, "analysis"),
    ("tests/", 8, "tests"),
]
# Narrower than the order: the only folders or files that a folder may include, besides itself.
ONLY = {
    "workloads": ("sim/base/", "models/request.h", "models/load.h", "models/isolation_spec.h", "models/interference_profile.h", "models/operation.h",
                  "models/io_profile.h", "models/memory_load.h", "models/priority.h"),
    "analysis": ("sim/base/", "sim/record/"),
    "sim/record": ("sim/base/",),
}
FORBIDDEN = re.compile(r"\b(printf|vprintf|puts|putchar|perror|exit|_exit|quick_exit|abort)\s*\(|\b(stdout|stderr)\b")
ALLOCATION = re.compile(r"\b(malloc|calloc|realloc|reallocarray|strdup|strndup|asprintf|vasprintf)\s*\(")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK|not implemented|placeholder|stub)\b")
LONGEST = 160
WRITABLE = re.compile(r"^\.(data|bss|tdata|tbss)|^\*COM\*|COMMON")


def layer_of(path):
    for prefix, layer, name in LAYERS:
        if path.startswith(prefix):
            return layer, name
    return None, None


def without_comments(text):
    """The C source with comments and the insides of literals blanked, line structure kept."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def blank(match):
        piece = match.group(0)
        if piece[0] in "\"'":
            return piece[0] + " " * (len(piece) - 2) + piece[-1]
        return re.sub(r"[^\n]", " ", piece)

    return pattern.sub(blank, text)


def check_includes(root, path, text, say):
    layer, name = layer_of(path)
    if layer is None:
        return
    for number, line in enumerate(text.split("\n"), 1):
        found = re.match(r'\s*#\s*include\s*"([^"]*)"', line)
        if not found:
            continue
        target = found.group(1)
        if path.startswith("schedulers/examples/") and target == "vdcsim_policy.h":
            continue
        if not os.path.exists(os.path.join(root, target)):
            say(path, number, f'includes "{target}": no such file from the root of the repository')
            continue
        other_layer, other = layer_of(target)
        if other_layer is None:
            say(path, number, f'includes "{target}", which lies in no known folder')
        elif name != "tests" and other == "tests":
            say(path, number, f'includes "{target}": nobody includes tests/')
        elif other_layer > layer:
            say(path, number, f'includes "{target}": {name} stands to the left of {other}, includes go one way')
        elif other != name and name in ONLY and not target.startswith(ONLY[name]):
            say(path, number, f'includes "{target}": {name} may include only {", ".join(ONLY[name])} and itself')
        elif name == "sim/scenario" and other == "sim/simulation":
            say(path, number, f'includes "{target}": the scenario does not know the simulation')


def is_library(path):
    return path.startswith(("sim/", "models/", "schedulers/", "workloads/", "analysis/")) and not path.startswith(
        ("sim/cli/", "schedulers/examples/"))


def check_calls(path, text, say):
    if not is_library(path):
        return
    for number, line in enumerate(without_comments(text).split("\n"), 1):
        for found in FORBIDDEN.finditer(line):
            word = found.group(1) or found.group(2)
            # A child between fork and exec may only leave by _exit.
            if word != "_exit":
                say(path, number, f"uses {word}: library code does not print, exit or abort")
        if path not in ("sim/base/memory.c", "sim/base/memory.h"):
            for found in ALLOCATION.finditer(line):
                say(path, number, f"calls {found.group(1)}: allocation goes through sim/base/memory.h")


def check_layout(path, text, say):
    for number, line in enumerate(text.split("\n"), 1):
        if "\t" in line:
            say(path, number, "has a tab")
        if line != line.rstrip():
            say(path, number, "ends in blanks")
        if len(line) > LONGEST:
            say(path, number, f"is {len(line)} characters long (at most {LONGEST})")
        if UNFINISHED.search(line):
            say(path, number, f"has a mark of unfinished work: {UNFINISHED.search(line).group(1)}")
    if text and not text.endswith("\n"):
        say(path, text.count("\n") + 1, "does not end in a newline")


def machine_folders(root):
    """Folders of this machine that no tracked file may name: those that the checkout and its repository lie in."""
    folders = {os.path.dirname(os.path.abspath(root))}
    git = subprocess.run(["git", "-C", root, "rev-parse", "--git-common-dir"], capture_output=True, text=True, check=False)
    if git.returncode == 0:
        folders.add(os.path.dirname(os.path.dirname(os.path.abspath(os.path.join(root, git.stdout.strip())))))
    home = os.path.expanduser("~")
    folders.add(home if os.path.isabs(home) else "/")
    return sorted(folder + "/" for folder in folders if folder not in ("/", "/tmp", "/var/tmp", "/usr/src", "/build"))


def tracked_files(root):
    git = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                         capture_output=True, check=False)
    if git.returncode == 0 and os.path.exists(os.path.join(root, ".git")):
        names = [name for name in git.stdout.decode().split("\0") if name]
    else:  # a release archive
        names = [os.path.relpath(os.path.join(folder, name), root) for folder, _, files in os.walk(root) for name in files]
    return sorted(name for name in names if os.path.isfile(os.path.join(root, name)) and not name.startswith(("build", "out/")))


def check_objects(build, say):
    """Symbols of the library's objects in a writable section. Read-only data with relocations is .data.rel.ro."""
    folder = os.path.join(build, "obj")
    objects = sorted(os.path.join(at, name) for at, _, files in os.walk(folder) for name in files if name.endswith(".o"))
    objects = [name for name in objects if is_library(os.path.relpath(name, folder))]
    if not objects:
        return 0
    table = subprocess.run(["nm", "-A", "--format=sysv", *objects], capture_output=True, text=True, check=True).stdout
    for row in table.split("\n"):
        cells = [cell.strip() for cell in row.split("|")]
        if len(cells) < 7 or not WRITABLE.search(cells[6]) or cells[6].startswith(".data.rel.ro"):
            continue
        name, symbol = cells[0].rsplit(":", 1)
        if not re.match(r"_*(gcov|llvm|asan|tsan|ubsan|odr_asan)|\.", symbol, re.I):
            say(os.path.relpath(name, folder)[:-2] + ".c", 0, f"has a mutable global: {symbol} in {cells[6]}")
    return len(objects)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default=".")
    parser.add_argument("--objects", help="build folder whose obj/ is read for mutable globals")
    options = parser.parse_args()
    findings = []

    def say(path, number, text):
        findings.append(f"{path}:{number}: {text}")

    names = tracked_files(options.root)
    forbidden_folders = machine_folders(options.root)
    sources = 0
    for path in names:
        with open(os.path.join(options.root, path), "rb") as stream:
            data = stream.read()
        if b"\0" in data[:4096]:
            continue
        text = data.decode("utf-8", "replace")
        for folder in forbidden_folders:
            if folder in text:
                say(path, text[:text.index(folder)].count("\n") + 1, f"names a folder of this machine: {folder}")
        if not path.endswith((".c", ".h")):
            continue
        sources += 1
        check_includes(options.root, path, text, say)
        check_calls(path, text, say)
        check_layout(path, text, say)
    objects = check_objects(options.objects, say) if options.objects else 0
    for finding in findings:
        print(finding)
    print(f"structure: {sources} sources, {objects} objects, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
