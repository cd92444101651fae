#!/usr/bin/env python3
"""What tools/check-instructions.sh does with the counts."""

import json
import platform
import re
import subprocess
import sys
from pathlib import Path

BASELINE = Path("benchmarks/instructions.json")
# How far a count may be off, in per cent. The same program comes to the same.
TOLERANCE = 3.0
TOLERANCE_ALLOCATIONS = 0.01
STORE = "tools/check-instructions.sh --store"


def toolchain():
    """What the counts depend on, besides the sources."""
    text = subprocess.run(
        ["swift", "--version"], capture_output=True, text=True, check=True
    ).stdout
    version = re.search(r"Swift version (\S+)", text)
    if not version:
        sys.exit(f"swift --version says no version: {text!r}")
    return {"swift": version.group(1), "machine": platform.machine()}


def check_toolchain(stores):
    """Ends with status 3 where the baseline is another toolchain's, so that nothing can be said."""
    if stores or not BASELINE.exists():
        return
    stored = json.loads(BASELINE.read_text())["toolchain"]
    here = toolchain()
    if stored != here:
        names = [f"Swift {of['swift']} on {of['machine']}" for of in (stored, here)]
        print(
            f"SKIPPED: the baseline is that of {names[0]}, and this is {names[1]}. Counts of different "
            f"compilers say nothing of each other. To store a baseline for this one: {STORE}"
        )
        sys.exit(3)


def total(path):
    for line in path.read_text().splitlines():
        if line.startswith("totals:"):
            return int(line.split()[1])
    sys.exit(f"callgrind left no total in {path}: has its format changed?")


def counted(work):
    """Instructions and allocations a record, those of the long run less those of the short one.

    Four dumps for each benchmark: what went before, the short run, what lies between, the long run.
    """
    counts = {}
    for number, line in enumerate((work / "names").read_text().splitlines()):
        name, records, allocations = line.split("\t")
        few, many = (total(work / f"dump.{4 * number + part}") for part in (2, 4))
        counts[name] = {
            "instructions": round((many - few) / int(records), 2),
            "allocations": float(allocations),
        }
    if not counts:
        sys.exit("no benchmark has run")
    return counts


def store(counts):
    baseline = {
        "about": "Instructions and allocations a record; compared by tools/check-instructions.sh.",
        "tolerancePercent": TOLERANCE,
        "toleranceAllocations": TOLERANCE_ALLOCATIONS,
        "toolchain": toolchain(),
        "benchmarks": counts,
    }
    BASELINE.write_text(json.dumps(baseline, indent=2) + "\n")
    print(f"stored {len(counts)} benchmarks in {BASELINE}")


def difference(name, old, new, baseline):
    """What is wrong with a benchmark's counts; prints them."""
    change = 100 * (new["instructions"] / old["instructions"] - 1)
    print(
        f"{name:28}{old['instructions']:12.2f}{new['instructions']:12.2f}{change:+9.2f} %"
        f"{old['allocations']:14.4f}{new['allocations']:10.4f}"
    )
    tolerance = baseline["tolerancePercent"]
    if abs(change) > tolerance:
        yield (
            f"'{name}' takes {new['instructions']} instructions a record instead of "
            f"{old['instructions']}: {change:+.2f} %, and {tolerance} % are allowed"
        )
    tolerance = baseline["toleranceAllocations"]
    if abs(new["allocations"] - old["allocations"]) > tolerance:
        yield (
            f"'{name}' asks for memory {new['allocations']} times a record instead of "
            f"{old['allocations']}, and a difference of {tolerance} is allowed"
        )


def compare(counts):
    if not BASELINE.exists():
        sys.exit(f"there is no {BASELINE} to compare with. To store one: {STORE}")
    baseline = json.loads(BASELINE.read_text())
    stored = baseline["benchmarks"]
    print(f"{'instructions a record':28}{'stored':>12}{'now':>12}{'':11}{'allocations':>14}{'now':>10}")
    failures = []
    for name, old in stored.items():
        if name in counts:
            failures += difference(name, old, counts[name], baseline)
        else:
            failures.append(f"'{name}' is not run any more")
    failures += [f"'{name}' is not in the baseline" for name in counts if name not in stored]
    if not failures:
        print(f"all within {baseline['tolerancePercent']} %")
        return
    for failure in failures:
        print("FAILED: " + failure, file=sys.stderr)
    sys.exit(f"Where that is meant, store a new baseline, and say why in the commit: {STORE}")


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--store"]
    stores = "--store" in sys.argv
    if arguments == ["check-toolchain"]:
        check_toolchain(stores)
    elif len(arguments) == 2 and arguments[0] == "compare":
        (store if stores else compare)(counted(Path(arguments[1])))
    else:
        sys.exit("usage: tools/check-instructions.sh [--store]")
