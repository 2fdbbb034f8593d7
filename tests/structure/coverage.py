#!/usr/bin/python3
"""Line coverage against what is asked of it: coverage.py COVERAGE.json (what gcovr --json-summary wrote; called by `make coverage`)

At least 90 % of all lines. A file below that must stand in tests/structure/uncovered.txt with the reason why no test gets to the rest; what stands
there and has come to 95 % must go (in between a file comes and goes with the machine's pace, as what a terminal shows does). Prints the files below 90 % with their reasons; exit 1 when something does not hold. Standard library only.
"""
import json
import os
import sys

LEAST, DONE = 90, 95
REASONS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "uncovered.txt")


def main():
    reasons = {}
    with open(REASONS, encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                name, _, reason = line.strip().partition(": ")
                reasons[name] = reason
    with open(sys.argv[1], encoding="utf-8") as file:
        summary = json.load(file)
    complaints = []
    below = {f["filename"]: f for f in summary["files"] if f["line_total"] and f["line_covered"] * 100 < LEAST * f["line_total"]}
    for name, one in sorted(below.items()):
        print(f"{name}: {one['line_covered']} of {one['line_total']} lines: {reasons.get(name, 'NO REASON GIVEN')}")
        if name not in reasons:
            complaints.append(f"{name} is below {LEAST} % and not in {os.path.basename(REASONS)}")
    open_still = {f["filename"] for f in summary["files"] if f["line_total"] and f["line_covered"] * 100 < DONE * f["line_total"]}
    complaints += [f"{name} stands in {os.path.basename(REASONS)} and is not below {DONE} %" for name in sorted(reasons.keys() - open_still)]
    covered, total = summary["line_covered"], summary["line_total"]
    print(f"{covered} of {total} lines covered ({100 * covered / total:.1f} %), {len(below)} of {len(summary['files'])} files below {LEAST} %")
    if covered * 100 < LEAST * total:
        complaints.append(f"less than {LEAST} % of all lines")
    for complaint in complaints:
        print(f"coverage: {complaint}", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
