#!/usr/bin/python3
"""Runs what the documentation tells a reader to run: every fenced `sh` and `python` block of README.md and docs/*.md, page by page, top to bottom.

A page's blocks share one fresh folder in which the repository's files appear under their usual names, so that what they write stays out of
the tree. A block fails when a command in it fails. A block that cannot run here stands under a line

    <!-- not run: the reason -->

Arguments: names of pages to choose some. Standard library only.
"""
import os
import re
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"(?:<!-- not run: (?P<reason>[^>]*) -->\n)?^```(?P<language>sh|python)\n(?P<text>.*?)^```$", re.S | re.M)


def pages(root):
    yield "README.md"
    yield from (f"docs/{name}" for name in sorted(os.listdir(os.path.join(root, "docs"))) if name.endswith(".md"))


def run_page(root, build, page):
    """Returns (run, left out, failed)."""
    with open(os.path.join(root, page), encoding="utf-8") as stream:
        text = stream.read()
    counts = [0, 0, 0]
    with tempfile.TemporaryDirectory(prefix="vdcsim-docs-") as folder:
        for name in os.listdir(root):
            if name not in (".git", "out") and not name.startswith("build"):
                os.symlink(os.path.join(root, name), os.path.join(folder, name))
        os.symlink(build, os.path.join(folder, "build"))
        for block in BLOCK.finditer(text):
            line = text[:block.start("text")].count("\n") + 1
            if block.group("reason"):
                counts[1] += 1
                continue
            command = ["sh", "-eu", "-c", block.group("text")] if block.group("language") == "sh" else \
                [os.environ.get("PYTHON", "/usr/bin/python3"), "-W", "error", "-c", block.group("text")]
            ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
            counts[0] += 1
            if ran.returncode != 0:
                counts[2] += 1
                print(f"{page}:{line}: ended with {ran.returncode}:\n{block.group('text')}{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    return counts


def main():
    root = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    build = os.path.abspath(os.environ.get("BUILD", "build"))
    os.environ["BUILD"] = "build"  # what the blocks run finds it where the docs say, whichever build is tested
    total = [0, 0, 0]
    for page in pages(root):
        if len(sys.argv) > 1 and page not in sys.argv[1:]:
            continue
        total = [a + b for a, b in zip(total, run_page(root, build, page))]
    print(f"docs: {total[0] - total[2]} of {total[0]} blocks run, {total[1]} not run for the reason given there")
    return 1 if total[2] or not total[0] else 0


if __name__ == "__main__":
    sys.exit(main())
