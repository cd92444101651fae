#!/usr/bin/env bash
# Kills the flights job and a Nexmark query with SIGKILL at random moments, and compares what they leave
# with an uninterrupted run. Takes the options of crash-test.py; 20 kills unless told otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."
(cd examples/flights && swift build -c release --product flights)
# With the trait of the other checks, so that nothing is built twice.
(cd benchmarks/downstream && swift build -c release --traits RocksDB --product downstream-bench)
exec tools/crash-test.py --flights examples/flights/.build/release/flights \
    --bench benchmarks/downstream/.build/release/downstream-bench "$@"
