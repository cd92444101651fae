#!/usr/bin/env bash
# Counts the instructions that benchmarks take for a record, under callgrind, and compares them with
# benchmarks/instructions.json. Counts repeat where times do not: on a busy machine, and on another one.
#
#   tools/check-instructions.sh            compares, and fails where a benchmark takes more or fewer than it may
#   tools/check-instructions.sh --store    stores what is counted as the new baseline
set -euo pipefail
cd "$(dirname "$0")/.."
tools/setup.sh valgrind python3 binutils
python3 tools/instructions.py check-toolchain "$@" || {
    status=$?
    # 3: the baseline is another compiler's, and it has said so.
    if [ $status -eq 3 ]; then exit 0; fi
    exit $status
}

(cd benchmarks/downstream && swift build -c release --traits RocksDB --product downstream-bench)
built=$(cd benchmarks/downstream && swift build -c release --traits RocksDB --show-bin-path)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# valgrind 3.19 cannot read the compiler's debug information; names of functions are all that it needs.
strip --strip-debug -o "$work/bench" "$built/downstream-bench"
# A dump at each call of that function; dictionaries in the same order in every run.
SWIFT_DETERMINISTIC_HASHING=1 valgrind --tool=callgrind --quiet --callgrind-out-file="$work/dump" \
    --dump-before=bench_probe_mark "$work/bench" instructions >"$work/names"
python3 tools/instructions.py compare "$work" "$@"
