#!/usr/bin/env python3
"""Checks the tables of the flights job against an independent computation.

The three tables are computed by DuckDB straight from the CSV files, by SQL that shares nothing with
the job, and compared with the job's SQLite file row by row: keys, integers and text must be equal,
floating point within 1e-6, times ISO 8601 text, and missing values missing on both sides.

    check.py [--data DIR] DATABASE       compare; exit status 1 on any difference
    check.py [--data DIR] --write PATH   write the expected tables to a new SQLite file
"""

import argparse
import pathlib
import sqlite3
import sys
from dataclasses import dataclass

import duckdb

TOLERANCE = 1e-6
SHOWN = 5

SOURCES = """
CREATE VIEW flights AS
SELECT origin, carrier, dep_time IS NULL AS cancelled, dep_delay::DOUBLE AS delay,
       -- Whole seconds since 1970 UTC: integers leave no room for time zones.
       epoch(time_hour::TIMESTAMPTZ)::BIGINT + minute::BIGINT * 60 AS scheduled
FROM read_csv('{data}/flights-*.csv.gz', header = true, nullstr = 'NA', all_varchar = true);

CREATE VIEW weather AS
SELECT origin, precip::DOUBLE > 0 AS rainy, epoch(time_hour::TIMESTAMPTZ)::BIGINT // 3600 AS hour
FROM read_csv('{data}/weather-*.csv.gz', header = true, nullstr = 'NA', all_varchar = true);

CREATE VIEW airlines AS
SELECT carrier, name FROM read_csv('{data}/airlines.csv', header = true, all_varchar = true);

CREATE MACRO iso(seconds) AS strftime(make_timestamp(seconds * 1000000), '%Y-%m-%dT%H:%M:%SZ');
"""

HOURLY_DEPARTURES = """
SELECT origin, iso(scheduled // 3600 * 3600) AS hour, count(*) AS flights,
       count(*) FILTER (cancelled) AS cancelled, avg(delay) AS mean_dep_delay,
       max(delay) AS max_dep_delay
FROM flights GROUP BY ALL ORDER BY origin, hour
"""

# A window of 24 hours starts every 6: a flight is in the four that start in the 24 hours before it.
WORST_CARRIERS = """
WITH placed AS (
    SELECT carrier, delay, (scheduled // 21600 - back) * 21600 AS start
    FROM flights, range(4) AS earlier(back) WHERE delay IS NOT NULL
), means AS (
    SELECT start, carrier, count(*) AS departures, avg(delay) AS mean
    FROM placed GROUP BY start, carrier HAVING count(*) >= 50
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY start ORDER BY mean DESC, carrier) AS rank FROM means
)
SELECT iso(start) AS window_start, rank, carrier, name, departures, mean AS mean_dep_delay
FROM ranked LEFT JOIN airlines USING (carrier) WHERE rank <= 3 ORDER BY window_start, rank
"""

WEATHER_IMPACT = """
WITH joined AS (
    SELECT origin, scheduled, delay, coalesce(rainy, false) AS rainy
    FROM flights JOIN weather USING (origin) WHERE weather.hour = flights.scheduled // 3600
)
SELECT origin, iso(scheduled // 86400 * 86400) AS day, count(*) AS flights,
       count(*) FILTER (rainy) AS rainy_flights, avg(delay) FILTER (NOT rainy) AS mean_delay_dry,
       avg(delay) FILTER (rainy) AS mean_delay_rain
FROM joined GROUP BY ALL ORDER BY origin, day
"""


@dataclass(frozen=True)
class Table:
    """One expected table: its name, columns with SQLite types, key, definition and size."""

    name: str
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]
    query: str
    rows: int

    @property
    def names(self):
        return [name for name, _ in self.columns]


TABLES = (
    Table(
        "hourly_departures",
        (
            ("origin", "TEXT NOT NULL"), ("hour", "TEXT NOT NULL"), ("flights", "INTEGER NOT NULL"),
            ("cancelled", "INTEGER NOT NULL"), ("mean_dep_delay", "REAL"),
            ("max_dep_delay", "REAL"),
        ),
        ("origin", "hour"), HOURLY_DEPARTURES, 19_486,
    ),
    Table(
        "worst_carriers",
        (
            ("window_start", "TEXT NOT NULL"), ("rank", "INTEGER NOT NULL"),
            ("carrier", "TEXT NOT NULL"), ("name", "TEXT NOT NULL"),
            ("departures", "INTEGER NOT NULL"), ("mean_dep_delay", "REAL NOT NULL"),
        ),
        ("window_start", "rank"), WORST_CARRIERS, 4_375,
    ),
    Table(
        "weather_impact",
        (
            ("origin", "TEXT NOT NULL"), ("day", "TEXT NOT NULL"), ("flights", "INTEGER NOT NULL"),
            ("rainy_flights", "INTEGER NOT NULL"), ("mean_delay_dry", "REAL"),
            ("mean_delay_rain", "REAL"),
        ),
        ("origin", "day"), WEATHER_IMPACT, 1_092,
    ),
)


def expected_rows(data):
    """Computes every table from the files: a list of rows by table name."""
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    database.execute(SOURCES.format(data=str(data).replace("'", "''")))
    found = {table.name: database.execute(table.query).fetchall() for table in TABLES}
    for table in TABLES:
        if len(found[table.name]) != table.rows:
            sys.exit(
                f"{table.name}: computed {len(found[table.name])} rows from {data} where the year "
                f"has {table.rows}; are the data files whole?")
    return found


def equal(expected, actual, sql_type):
    """Whether one value is as it should be, its storage class included."""
    if expected is None or actual is None:
        return expected is None and actual is None
    if sql_type.startswith("REAL"):
        # A whole number may come as an integer, as from an integer maximum.
        is_number = isinstance(actual, (int, float)) and actual == actual
        return is_number and abs(expected - actual) <= TOLERANCE
    return type(expected) is type(actual) and expected == actual


def differences(table, expected, actual):
    """What differs between two lists of rows, one line of text each."""
    places = [table.names.index(column) for column in table.key]

    def by_key(rows):
        return {tuple(row[place] for place in places): row for row in rows}

    wanted, found = by_key(expected), by_key(actual)
    if len(found) != len(actual):
        yield f"{len(actual) - len(found)} rows repeat a key ({', '.join(table.key)})"
    for key, row in wanted.items():
        if key not in found:
            yield f"{key}: missing; expected {row}"
            continue
        for (name, sql_type), left, right in zip(table.columns, row, found[key]):
            if not equal(left, right, sql_type):
                yield f"{key}: {name} is {right!r}, expected {left!r}"
    for key, row in found.items():
        if key not in wanted:
            yield f"{key}: not expected; found {row}"


def read_rows(database, table):
    """The rows of a table in the job's file, and what is wrong with its columns, if anything."""
    present = [row[1] for row in database.execute(f'PRAGMA table_info("{table.name}")')]
    if not present:
        return [], "no such table"
    if sorted(present) != sorted(table.names):
        return [], f"columns are {', '.join(present)}, expected {', '.join(table.names)}"
    columns = ", ".join(f'"{name}"' for name in table.names)
    return database.execute(f'SELECT {columns} FROM "{table.name}"').fetchall(), None


def compare(path, expected):
    """Prints one line a table and the first differences; answers whether all is equal."""
    if not path.is_file():
        sys.exit(f"{path}: no such file; run the job first")
    # Opened for writing though nothing is written: only such a connection clears away the log and
    # index files that reading a database in WAL mode makes.
    database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True)
    same = True
    for table in TABLES:
        try:
            rows, fault = read_rows(database, table)
        except sqlite3.DatabaseError as error:
            sys.exit(f"{path}: {error}")
        faults = [fault] if fault else list(differences(table, expected[table.name], rows))
        verdict = f"{len(faults)} difference{'s' * (len(faults) != 1)}" if faults else "equal"
        print(f"{table.name}: {len(rows)} rows, expected {table.rows}: {verdict}")
        for line in faults[:SHOWN]:
            print(f"    {line}")
        if len(faults) > SHOWN:
            print(f"    and {len(faults) - SHOWN} more")
        same = same and not faults
    database.close()
    return same


def write(path, expected):
    """Writes the expected tables to a new SQLite file."""
    if path.exists():
        sys.exit(f"{path}: exists already; give the name of a new file")
    with sqlite3.connect(path) as database:
        for table in TABLES:
            columns = ", ".join(f'"{name}" {sql_type}' for name, sql_type in table.columns)
            key = ", ".join(f'"{name}"' for name in table.key)
            database.execute(f'CREATE TABLE "{table.name}" ({columns}, PRIMARY KEY ({key}))')
            marks = ", ".join("?" * len(table.columns))
            database.executemany(
                f'INSERT INTO "{table.name}" VALUES ({marks})', expected[table.name])
    database.close()


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("database", nargs="?", type=pathlib.Path, help="the job's SQLite file")
    parser.add_argument("--data", type=pathlib.Path, default=here.parent / "data",
                        help="the folder with the CSV files")
    parser.add_argument("--write", type=pathlib.Path, metavar="PATH",
                        help="write the expected tables to this new SQLite file")
    options = parser.parse_args()
    if options.database is None and options.write is None:
        parser.error("give the job's SQLite file, or --write PATH")
    expected = expected_rows(options.data)
    if options.write is not None:
        write(options.write, expected)
        print(f"wrote the expected tables to {options.write}")
    if options.database is not None and not compare(options.database, expected):
        sys.exit(1)


if __name__ == "__main__":
    main()
