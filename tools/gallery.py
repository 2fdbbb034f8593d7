#!/usr/bin/python3
"""Runs the scenarios of a folder and draws what each of them is about: a page of pictures, out/gallery/index.html.

    tools/gallery.py VDCSIM SCENARIOS OUT [PART...]

There is no list: every SCENARIOS/**/*.yaml takes part, but those that only change another one (no `vdcsim:` or `sweep:` of their own) and those that need data
from outside the repository: some of these take many minutes, so they are drawn when PART names them and their data is here. Comment lines of a scenario
say more:

    # Against KEY.PATH: VALUE VALUE...     run it once with each of these, for the pictures that compare
    # Picture KIND: what to see in it      draw this kind (`vdcsim plot --list`); without such lines: accounts, utilisation and queue

A sweep (`sweep: 1`) is run as one. PART: only scenarios whose path contains one of these. Exit 1 when a run failed or a picture that was asked for
could not be drawn. Standard library only.
"""
import html
import os
import re
import shutil
import subprocess
import sys

DEFAULT = [("accounts", ""), ("utilisation", ""), ("queue", "")]
AGAINST = re.compile(r"^#\s*Against\s+([\w.]+):\s*(.+?)\s*$", re.M)
PICTURE = re.compile(r"^#\s*Picture\s+([\w-]+):\s*(.*?)\s*$", re.M)


def comment_of(text):
    """The first lines' comment as paragraphs, without the lines that are for us."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        line = line[1:].rstrip()
        if not re.match(r"\s*(Against\s+[\w.]+|Picture\s+[\w-]+):", line):
            lines.append(line)
    return [part.strip("\n") for part in "\n".join(lines).split("\n\n") if part.strip()]


def outside(path, text):
    """The data outside the repository that the scenario, or what it extends, reads."""
    found = [os.path.join(os.path.dirname(path), name) for name in re.findall(r"^[^#\n]*?\bpath: ([^\s,}]*\.\./shared/[^\s,}]*)", text, re.M)]
    for name in re.findall(r"^extends: (\S+)", text, re.M):
        base = os.path.join(os.path.dirname(path), name)
        with open(base, encoding="utf-8") as stream:
            found += outside(base, stream.read())
    return found


def run(words):
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    return ran.returncode, (ran.stdout + ran.stderr).strip()


def results_of(vdcsim, path, text, folder):
    """Runs the scenario or sweep; the result files or folders to draw, and what went wrong."""
    if re.search(r"^sweep:", text, re.M):
        shutil.rmtree(os.path.join(folder, "results"), ignore_errors=True)  # of an earlier gallery
        code, said = run([vdcsim, "sweep", path, "-o", os.path.join(folder, "results"), "--no-progress"])
        return [os.path.join(folder, "results")], said if code else ""
    against = AGAINST.search(text)
    key, values = (against.group(1), against.group(2).split()) if against else (None, [None])
    files = []
    for value in values:
        result = os.path.join(folder, (value or "result").replace("/", "-") + ".h5")
        code, said = run([vdcsim, "run", path, "-o", result, "--force", "--no-progress", *(["--set", f"{key}={value}"] if value else [])])
        if code:
            return files, said
        files.append(result)
    return files, ""


def draw(vdcsim, text, results, folder):
    """Draws what the scenario asks for; [(kind, what to see, files)], and what went wrong."""
    wanted = [(match.group(1), match.group(2)) for match in PICTURE.finditer(text)]
    shown, wrong = [], []
    for kind, what in wanted or DEFAULT:
        at = os.path.join(folder, "pictures")
        code, said = run([vdcsim, "plot", *results, "-o", at, "--kind", kind, "--force"])
        drawn = [os.path.relpath(line, os.path.dirname(folder)) for line in said.splitlines() if line.endswith(".svg")]
        if wanted and (code or not drawn):
            wrong.append(f"{kind}: {said}")
        if drawn:
            shown.append((kind, what, drawn if len(drawn) <= 2 else drawn[:2]))
    return shown, wrong


def as_html(part):
    """Lines that are set in by four blanks are commands."""
    if all(line.startswith("    ") for line in part.splitlines()):
        return "<pre>" + html.escape("\n".join(line.strip() for line in part.splitlines())) + "</pre>"
    return f"<p>{html.escape(' '.join(part.split()))}</p>"


def section(name, text, shown):
    page = [f"<h2 id='{html.escape(name)}'>{html.escape(name)}</h2>", *(as_html(part) for part in comment_of(text))]
    for kind, what, files in shown:
        for file in files:
            page.append(f"<figure><img src='{html.escape(file)}' alt='{html.escape(kind)} of {html.escape(name)}'>"
                        f"<figcaption>{html.escape(what or kind)}</figcaption></figure>")
    return "\n".join(page)


def main():
    vdcsim, scenarios, out, parts = os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]
    paths = sorted(os.path.join(at, name) for at, _, names in os.walk(scenarios) for name in names if name.endswith(".yaml"))
    page, failed, done = [], 0, 0
    for path in paths:
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
        name = os.path.splitext(os.path.relpath(path, scenarios))[0]
        if (parts and not any(part in path for part in parts)) or not re.search(r"^(vdcsim|sweep):", text, re.M):
            continue
        data = outside(path, text)
        missing = [file for file in data if not os.path.exists(file)]
        if missing or (data and not parts):
            print(f"{name}: skipped, {'no ' + missing[0] if missing else 'its data lies outside the repository: drawn when it is named'}", flush=True)
            continue
        folder = os.path.join(out, name.replace("/", "-"))
        os.makedirs(folder, exist_ok=True)
        results, said = results_of(vdcsim, path, text, folder)
        shown, wrong = draw(vdcsim, text, results, folder) if not said else ([], [said])
        failed += bool(wrong)
        done += not wrong
        print(f"{name}: {'FAILED: ' + '; '.join(wrong) if wrong else ', '.join(kind for kind, _, _ in shown)}", flush=True)
        page.append(section(name, text, shown))
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, "index.html"), "w", encoding="utf-8") as stream:
        stream.write("<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'><meta name='viewport' content='width=device-width, initial-scale=1'>"
                     "<title>vdcsim: gallery</title><style>body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}"
                     "img{width:100%;height:auto}figure{margin:1rem 0}figcaption{color:#555}pre{background:#f6f6f6;padding:.7rem;overflow-x:auto;font-size:.8rem}h2{margin-top:3rem;border-bottom:1px solid #ddd}</style></head><body>\n"
                     "<h1>Gallery</h1>\n" + "\n".join(page) + "\n</body></html>\n")
    print(f"gallery: {done} scenarios drawn, {failed} failed; {os.path.join(out, 'index.html')}")
    return 1 if failed or not done else 0


if __name__ == "__main__":
    sys.exit(main())
