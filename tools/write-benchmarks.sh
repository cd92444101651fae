#!/usr/bin/env bash
# Runs the benchmarks and writes their tables into docs/benchmarks.md, each between its markers, with a line that
# says where and how its figures came about. All other text stays. The document is written once, after all has
# run: a run that fails or is stopped leaves it as it was.
#
#   tools/write-benchmarks.sh                    operators, compare and nexmark: ten minutes, the build aside
#   tools/write-benchmarks.sh compare decode     these tables alone
#   tools/write-benchmarks.sh --print operators  prints the table, and writes nothing
#   tools/write-benchmarks.sh --quick compare    the same, over few records: to try the programs, not for figures
set -euo pipefail
if [[ " $* " == *" --help "* || " $* " == *" -h "* ]]; then
    sed -n '2,/^set/{s/^# \?//p}' "$0"
    exit 0
fi
cd "$(dirname "$0")/.."
tools/setup.sh python3 zlib1g-dev liblz4-dev
# Before minutes of building and running: are there such tables, and their markers?
tables=$(python3 tools/benchmark_tables.py plan "$@")

programs=()
if grep -qvx decode <<<"$tables"; then
    echo "==> Building downstream-bench" >&2
    (cd benchmarks/downstream && swift build -c release --product downstream-bench) >&2
    programs+=("--downstream=$(cd benchmarks/downstream && swift build -c release --show-bin-path)/downstream-bench")
fi
if grep -qx decode <<<"$tables"; then
    echo "==> Building weir-bench, with its yardsticks" >&2
    tools/setup.sh libsimdjson-dev
    yardsticks=(-c release --traits GZip,LZ4,Yardsticks --scratch-path .build-yardsticks)
    swift build "${yardsticks[@]}" --product weir-bench >&2
    programs+=("--weir=$(swift build "${yardsticks[@]}" --show-bin-path)/weir-bench")
fi
exec python3 tools/benchmark_tables.py write "${programs[@]}" "$@"
