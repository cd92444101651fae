#!/usr/bin/env bash
# Runs all Nexmark queries over the first 100,000 events, in release mode and on real threads, and
# compares rows and checksums with the golden data, at parallelism 1, 2 and 7. The tests do the same
# in debug mode, on the deterministic executor.
#
# Then each query takes a checkpoint every 200 ms, is aborted twice in the middle, and restored at
# another parallelism, on both state backends; the rate is so low that each part has several checkpoints.
set -euo pipefail
cd "$(dirname "$0")/../benchmarks/downstream"

swift build -c release --traits RocksDB --product downstream-bench
for parallelism in 1 2 7; do
    .build/release/downstream-bench nexmark --query all --events 100000 \
        --parallelism "$parallelism" --check ../nexmark/golden/golden-100000.json
done
for backend in memory rocksdb; do
    .build/release/downstream-bench nexmark --query all --events 100000 --restored 1 3 2 \
        --rate 60000 --checkpoint-interval 200 --state-backend "$backend" --state-memory 100KB \
        --check ../nexmark/golden/golden-100000.json
done
# More keys than what a table keeps in memory at least, so that pages go to RocksDB;
# compared with plain loops.
.build/release/downstream-bench nexmark --query q18 --events 600000 --restored 1 3 2 \
    --rate 200000 --state-backend rocksdb --state-memory 100KB --compare
