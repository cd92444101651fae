#!/usr/bin/env bash
# Runs the built examples on bad input, bad arguments, full and locked stores, and signals, and checks
# how each run ends: its exit status, the words of its message, and that every record is accounted
# for. Needs python3. Build the examples first: `make demo` and `tools/check-readme.sh` do.
set -uo pipefail
cd "$(dirname "$0")/.."
quickstart=$PWD/examples/quickstart/.build/release/quickstart
flights=$PWD/examples/flights/.build/release/flights
data=$PWD/examples/flights/data
for program in "$quickstart" "$flights"; do
    if [ ! -x "$program" ]; then
        echo "$program is not built. Run \`swift build -c release\` in its example." >&2
        exit 1
    fi
done

work=$(mktemp -d)
clean_up() {
    mountpoint -q "$work/small" 2>/dev/null && umount "$work/small"
    # shellcheck disable=SC2046
    kill -9 $(jobs -p) 2>/dev/null
    chmod -R u+rwx "$work"
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM
# Some checks run as a user who may only look into it.
chmod 755 "$work"
cd "$work" || exit 1

checks=0
failures=0
failed() {
    failures=$((failures + 1))
    echo "FAILED  $1: $2" >&2
    [ -f output ] && tail -n 6 output | cut -c 1-300 | sed 's/^/        /' >&2
}

# says NAME FOUND STATUS WORDS: a run that wrote the file `output` ended with the status FOUND; it
# should be STATUS, and the output hold all of WORDS, which are separated by `|`.
says() {
    local name=$1 found=$2 status=$3 words=$4 word
    checks=$((checks + 1))
    if [ "$found" -ne "$status" ]; then
        failed "$name" "exit status $found instead of $status"
        return
    fi
    while IFS= read -r -d '|' word; do
        if ! grep -qaF -- "$word" output; then
            failed "$name" "no \"$word\" in what it says"
            return
        fi
    done <<<"$words|"
}

# check NAME STATUS WORDS COMMAND...: runs the command, and judges it.
check() {
    local name=$1 status=$2 words=$3
    shift 3
    timeout 30 "$@" >output 2>&1
    says "$name" $? "$status" "$words"
}

# equal NAME FOUND EXPECTED
equal() {
    checks=$((checks + 1))
    [ "$2" = "$3" ] || failed "$1" "\"$2\" instead of \"$3\""
}

# sql STATEMENTS: runs them on the results' database and prints the first value of the last one.
sql() {
    python3 - "$1" <<'PYTHON'
import sqlite3, sys
connection = sqlite3.connect("out/flights.db", isolation_level=None)
for statement in sys.argv[1].split(";"):
    row = connection.execute(statement).fetchone()
print(row[0] if row else "")
PYTHON
}

gzip -dc "$data/flights-EWR.csv.gz" 2>/dev/null | head -n 2001 >base.csv
cat >views.jsonl <<'VIEWS'
{"page":"/home","at":"2026-01-01T12:00:01Z"}
{"page":"/docs","at":"2026-01-01T12:00:02Z"}
{"page":"/home","at":"2026-01-01T12:05:01Z"}
VIEWS

# fresh: sound input for the flights, 2,000 of them, and no output.
fresh() {
    rm -rf in out
    mkdir in
    cp "$data/airlines.csv" "$data/weather-EWR.csv.gz" in
    gzip -c base.csv >in/flights-1.csv.gz
}
run=("$flights" --data in --output out --progress none)
# flights_fail NAME WORDS [LEFT]: the job fails and leaves nothing of its output but LEFT.
flights_fail() {
    check "$1" 1 "error: job 'flight-delays' failed|$2" "${run[@]}"
    equal "what is left by $1" "$(find out -type f -not -name 'flights.db*' 2>/dev/null)" "${3-}"
}

# --- A locked database. It waits for its time-out, so it runs beside the others.
mkdir locked
(
    cd locked || exit 1
    mkdir -p in out
    cp "$data/airlines.csv" "$data/weather-EWR.csv.gz" in
    gzip -c ../base.csv >in/flights-1.csv.gz
    python3 - "${run[@]}" <<'PYTHON'
import sqlite3, subprocess, sys
holder = sqlite3.connect("out/flights.db", isolation_level=None)
holder.execute("CREATE TABLE other (a)")
holder.execute("BEGIN EXCLUSIVE")
with open("output", "w") as output:
    status = subprocess.run(sys.argv[1:], stdout=output, stderr=output, timeout=50).returncode
open("status", "w").write(str(status))
PYTHON
) &
locked=$!

# --- Arguments
check "an unknown flag" 64 "Unknown option '--nonsense'" "$quickstart" --nonsense
for number in 0 -1 129; do
    check "parallelism $number" 64 "--parallelism is $number; it must be between 1 and 128" \
        "$quickstart" --parallelism "$number"
done
check "parallelism abc" 64 "'abc' is invalid for '--parallelism" "$flights" --parallelism abc
check "batch size 0" 64 "--batch-size is 0" "$quickstart" --batch-size 0
fresh
check "a negative bound" 1 "bound is -1 h; it must not be negative" "${run[@]}" --bound-hours=-1
check "a bound beyond all time" 0 "balanced ✓" "${run[@]}" --bound-hours 9223372036854775807

# --- Files that are not there, or not what they should be
fresh && rm in/flights-1.csv.gz
flights_fail "a missing file" "no file matches in/flights-*.csv.gz"
ln -s nowhere in/flights-1.csv.gz
flights_fail "a link to nowhere" "cannot open in/flights-1.csv.gz: No such file or directory"
rm in/flights-1.csv.gz && ln -s flights-1.csv.gz in/flights-1.csv.gz
flights_fail "a link to itself" "Too many levels of symbolic links. A symbolic link"
fresh && chmod 0 in/flights-1.csv.gz
if [ "$(id -u)" -eq 0 ]; then
    mkdir -m 777 out
    # Some systems let no one else into the directory that holds the program.
    cp "$flights" flights && chmod 755 flights
    check "an unreadable file" 1 "cannot open in/flights-1.csv.gz: Permission denied" \
        setpriv --reuid=65534 --clear-groups ./flights --data in --output out --quiet
else
    flights_fail "an unreadable file" "cannot open in/flights-1.csv.gz: Permission denied"
fi
fresh && sed '1s/carrier/karrier/' base.csv | gzip >in/flights-1.csv.gz
flights_fail "a wrong header" 'the header has no column "carrier"'
fresh && tail -n +2 base.csv | gzip >in/flights-1.csv.gz
flights_fail "no header" "does not fit the record: none of the fields of Flight is in its header"
fresh && gzip </dev/null >in/flights-1.csv.gz
flights_fail "an empty file" "is empty, and a header was expected"
fresh && cp base.csv in/flights-1.csv.gz
flights_fail "a file that is not gzip" "is not in gzip format"
fresh && gzip -c base.csv | head -c 20000 >in/flights-1.csv.gz
flights_fail "a truncated file" "ends in the midst of its gzip data"
check "a directory as standard input" 1 "Is a directory. Name a file" "$quickstart" --quiet </tmp

# --- Bad records: set aside, counted, and nothing else lost
fresh
python3 - base.csv <<'PYTHON' | gzip >in/flights-1.csv.gz
import sys
lines = open(sys.argv[1], "rb").read().split(b"\n")
columns = lines[0].split(b",")
def put(line, column, value):
    fields = lines[line].split(b",")
    fields[columns.index(column)] = value
    lines[line] = b",".join(fields)
put(5, b"dep_delay", b"abc")
lines[6] += b",extra"
lines[7] = b",".join(lines[7].split(b",")[:-3])
put(8, b"carrier", b"\xff\xfe")
put(9, b"time_hour", b"NA")
put(10, b"minute", b"99999999999999999999")
# Sound as a number, absurd as a minute: late or far in the future, but no reason to crash.
put(1990, b"minute", b"9223372036854775807")
put(1991, b"minute", b"-9223372036854775808")
put(1992, b"time_hour", b"0001-01-01T00:00:00Z")
put(1993, b"time_hour", b"9999-12-31T23:00:00Z")
sys.stdout.buffer.write(b"\n".join(lines))
PYTHON
check "bad records" 0 \
    "balanced ✓|6 bad records of 'flights' set aside in out/bad-flights.jsonl" "${run[@]}"
equal "dead letters" "$(python3 -c '
import json
for line in open("out/bad-flights.jsonl"): print(json.loads(line)["line"])' | xargs)" "6 7 8 9 10 11"
fresh && sed 3s/^/x/ base.csv | sed '4s/,/;/g' | gzip >in/flights-1.csv.gz
mkdir out && ln -s /dev/full out/bad-flights.jsonl
flights_fail "dead letters on a full disk" \
    "rather than lose the record: cannot write to out/bad-flights.jsonl: No space left on device"
printf '{"page":"/a\xff","at":"2026-01-01T12:00:00Z"}\nnot json\n\0\n' | cat - views.jsonl >bad.jsonl
check "bad lines of JSON" 0 "3 bad records of 'views' set aside|balanced ✓" \
    "$quickstart" <bad.jsonl
equal "dead letters of JSON" "$(wc -l <dead-letters/views.jsonl)" 3

# --- Places that cannot be written
check "standard output on a full disk" 1 "No space left on device" \
    sh -c "'$quickstart' --quiet <views.jsonl >/dev/full"
check "a summary on a full disk" 1 "cannot write to standard output: No space left on device" \
    sh -c "'$quickstart' --json </dev/null >/dev/full"
check "no standard output" 1 "cannot print to standard output" \
    sh -c "'$quickstart' --quiet <views.jsonl >&-"
check "a plan without standard output" 1 "cannot write to standard output" \
    sh -c "'$quickstart' plan >&-"
check "no standard input" 1 "cannot read standard input: Bad file descriptor" sh -c "'$quickstart' --quiet <&-"
check "a reader that leaves" 1 "its reader has closed it" \
    bash -c "set -o pipefail; '$quickstart' --quiet <views.jsonl | true"
fresh && touch out
check "a file for a directory" 1 "out is not a directory" "${run[@]}"
fresh && mkdir out && echo "This is no database, whatever its name." >out/flights.db
flights_fail "a file that is no database" "not a usable SQLite database"
fresh && mkdir out && sql "CREATE VIEW worst_carriers AS SELECT 1"
flights_fail "a view for a table" 'SQLite table "worst_carriers" in out/flights.db: |it is a view'
fresh && mkdir small
if mount -t tmpfs -o size=64k weir-check small 2>/dev/null; then
    check "a database on a full disk" 1 "no room is left: database or disk is full" \
        "$flights" --data in --output small --quiet
    umount small
else
    echo "skipped: a database on a full disk (mounting a small one is not allowed here)"
fi

# --- Few files may be open
# Which file is the first that cannot be opened, an input or the database, depends on the run.
check "few files open" 1 "error: job 'flight-delays' failed|cannot |open" \
    bash -c "ulimit -n 9; '$flights' --data in --output out --quiet"

# --- Signals
# until_there FILE: waits until it holds something, or gives up.
until_there() {
    for _ in {1..100}; do
        [ -s "$1" ] && return
        sleep 0.1
    done
}
# What the check before has said must not be taken for the first result.
rm -f output
mkfifo input
exec 7<>input
"$quickstart" --parallelism 1 --progress none <input >output 2>&1 &
process=$!
cat views.jsonl >input
until_there output
kill -INT $process
wait $process
says "one signal, on a silent pipe" $? 0 "stopped, drained: 3 records read|balanced ✓"
equal "windows after one signal" "$(grep -c '^2026' output)" 3
exec 7>&-

# More than a pipe holds, into one that nobody reads: the job cannot drain.
seq 1 8000 | sed 's/.*/{"page":"\/page-&","at":"2026-01-01T12:00:00Z"}/' >many.jsonl
mkfifo stalled
exec 8<>stalled
"$quickstart" --quiet <many.jsonl >stalled 2>output &
process=$!
sleep 1
kill -INT $process
until_there output
kill -INT $process
wait $process
says "two signals, with output stalled" $? 130 "draining|stopping now"
exec 8>&-

fresh
"${run[@]}" --data "$data" >output 2>&1 &
process=$!
until_there out/flights.db
kill -KILL $process
wait $process 2>/dev/null
check "a run after one that was killed" 0 "balanced ✓" "${run[@]}"
equal "what it leaves" "$(ls -A out | xargs)" "flights.db late-flights.csv"
equal "what it computes" "$(sql 'SELECT sum(flights) FROM hourly_departures')" 2000

# --- The locked database again
wait $locked
cp locked/output output
says "a locked database" "$(cat locked/status)" 1 \
    "error: job 'flight-delays' failed|another connection has kept the file locked for 5"

echo "$checks checks of faults, $failures failed ($SECONDS s)"
[ "$failures" -eq 0 ]
