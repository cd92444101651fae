"""Checks the ledger of a run whose bound is too short: nothing may be missing.

Usage: check_ledger.py SUMMARY.json LATE.csv

Every flight must have been folded into an hour or be late, and every late record must be in the
file of late records.
"""
import collections
import csv
import json
import sys

FLIGHTS = 336_776

summary = json.load(open(sys.argv[1]))
late_rows = collections.Counter(row["missed"] for row in csv.DictReader(open(sys.argv[2])))
operators = {entry["name"]: entry for entry in summary["operators"]}
failures = list(summary["imbalances"])
for name in ("hourly", "carrier-delays"):
    counts = operators[name]
    total = counts["passed"] + counts["late"]
    print(f"{name}: {counts['passed']:,} in windows + {counts['late']:,} late = {total:,}")
    if counts["received"] != FLIGHTS or total != FLIGHTS:
        failures.append(f"{name} does not add up to {FLIGHTS:,}")
for name in ("hourly", "carrier-delays", "with-weather"):
    if operators[name]["late"] != late_rows[name]:
        failures.append(
            f"{name} counts {operators[name]['late']:,} late, the file has {late_rows[name]:,}")
if operators["hourly"]["late"] == 0:
    failures.append("nothing was late, so this shows nothing")
for failure in failures:
    print(failure, file=sys.stderr)
sys.exit(1 if failures else 0)
