#!/usr/bin/env bash
# Runs all Nexmark queries over the first 100,000 events, in release mode and on real threads, and
# compares rows and checksums with the golden data, at parallelism 1, 2 and 7. The tests do the same
# in debug mode, on the deterministic executor.
set -euo pipefail
cd "$(dirname "$0")/../benchmarks/downstream"

swift build -c release --product downstream-bench
for parallelism in 1 2 7; do
    .build/release/downstream-bench nexmark --query all --events 100000 \
        --parallelism "$parallelism" --check ../nexmark/golden/golden-100000.json
done
# Aborted twice in the middle, and restored at another parallelism.
.build/release/downstream-bench nexmark --query all --events 100000 --restored 1 3 2 \
    --checkpoint-interval 5 --check ../nexmark/golden/golden-100000.json
