#!/bin/sh
# Runs the job at parallelism 1, 2, 3 and 8 and compares its tables each time with DuckDB's.
# Then once with a bound of 2 hours: late records go to a file, and the ledger must still balance.
set -eu
cd "$(dirname -- "$0")/.."
swift build -c release --product flights
for parallelism in 1 2 3 8; do
    rm -rf out
    echo "==> parallelism $parallelism"
    .build/release/flights run --parallelism "$parallelism" --quiet
    check/check.sh out/flights.db
done
rm -rf out
echo "==> bound of 2 hours"
.build/release/flights run --bound-hours 2 --quiet --json >out-summary.json
python3 check/check_ledger.py out-summary.json out/late-flights.csv
rm -f out-summary.json
