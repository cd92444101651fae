#!/bin/sh
# Runs check.py with DuckDB in a virtual environment of its own, made on first use.
# Usage: check.sh [DATABASE]; default: the file that the flights job writes.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
python=${PYTHON:-python3}
venv="$here/.venv"

if ! "$venv/bin/python" -c 'import duckdb' 2>/dev/null; then
    echo "installing DuckDB for the check into $venv" >&2
    if ! "$python" -m venv --clear "$venv"; then
        echo "check.sh: $python cannot make a virtual environment (Debian: python3-venv)" >&2
        exit 1
    fi
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        -r "$here/requirements.txt"
fi

[ $# -gt 0 ] || set -- "$here/../out/flights.db"
exec "$venv/bin/python" "$here/check.py" "$@"
