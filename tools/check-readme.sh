#!/usr/bin/env bash
# The program that the README shows is the quickstart example, to the letter, and it prints what the
# README says it prints.
set -euo pipefail
cd "$(dirname "$0")/.."

program=examples/quickstart/Sources/quickstart/ViewsPerMinute.swift
shown=$(awk '/^```swift$/ { inside = 1; next } /^```$/ { if (inside) exit } inside' README.md)
if [ "$shown" != "$(cat "$program")" ]; then
    echo "README.md's program differs from $program:" >&2
    diff <(printf '%s\n' "$shown") "$program" >&2 || true
    exit 1
fi
lines=$(wc -l <README.md)
if [ "$lines" -ge 200 ]; then
    echo "README.md has $lines lines; it must stay under 200" >&2
    exit 1
fi
cd examples/quickstart
swift build -c release
printed=$(.build/release/quickstart run --quiet --parallelism 1 <views.jsonl | sort)
expected=$(sort <<'OUT'
2026-01-01T12:00:00Z  /docs  1
2026-01-01T12:00:00Z  /home  2
2026-01-01T12:01:00Z  /home  1
2026-01-01T12:02:00Z  /docs  1
OUT
)
if [ "$printed" != "$expected" ]; then
    echo "quickstart printed:" >&2
    echo "$printed" >&2
    exit 1
fi
echo "README.md's program builds and prints what it should"
