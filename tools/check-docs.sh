#!/usr/bin/env bash
# The tables of docs/benchmarks.md stand between markers, with the columns that `make bench` writes.
#
# Every public declaration of the libraries has a doc comment. Lists those that have none, and fails
# when there are any. Builds the libraries if they are not built; takes the build's other options:
# `tools/check-docs.sh --scratch-path .build-all`.
#
# Not asked for: what a protocol documents already (its requirements, in the types that conform),
# what the compiler writes, coding, and the operators of Equatable and Comparable.
set -euo pipefail
cd "$(dirname "$0")/.."

python3 tools/benchmark_tables.py check
python3 -m unittest --quiet tools/benchmark_tables_test.py

modules=(WeirCore WeirGraph WeirState WeirRuntime Weir WeirSQLite WeirTesting WeirNexmark)
for module in "${modules[@]}"; do swift build "$@" --target "$module"; done

built="$(swift build "$@" --show-bin-path)"
sqlite=$(find "$built/../.." -path '*GRDB.swift/Sources/GRDBSQLite*/module.modulemap' | head -1)
triple=$(swift -print-target-info | sed -n 's/^ *"triple": "\(.*\)",$/\1/p' | head -1)
graphs=$(mktemp -d)
trap 'rm -rf "$graphs"' EXIT
for module in "${modules[@]}"; do
    swift symbolgraph-extract -module-name "$module" -target "$triple" -I "$built/Modules" \
        -I Sources/CZlib -I Sources/CLZ4 -I "${sqlite%/*}" -minimum-access-level public \
        -skip-synthesized-members -skip-protocol-implementations -output-dir "$graphs"
done
python3 tools/undocumented.py "$graphs"/*.symbols.json
