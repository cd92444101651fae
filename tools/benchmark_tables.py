#!/usr/bin/env python3
"""Runs the benchmarks and writes the tables of docs/benchmarks.md; see write-benchmarks.sh."""

import argparse
import datetime
import json
import math
import os
import re
import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path

DOCUMENT = Path("docs/benchmarks.md")
FLINK = Path("benchmarks/nexmark/flink.json")
OPENING = re.compile(r"^<!-- table: (\S+) -->$")
CLOSING = "<!-- end of table -->"
# What a table of comparisons calls the benchmarks; others go by the name that the program gives them.
TITLES = {
    "source+sink": "source + sink",
    "filter": "filter (half dropped, at random)",
    "map that captures": "map whose function captures a value",
    "map+filter": "map + filter",
    "2 maps+filter": "2 maps + filter",
    "3 maps+filter": "3 maps + filter",
    "4 maps+filter": "4 maps + filter",
    "tumbling count": "tumbling count, 10 s, `Int` keys",
    "tumbling mean, String keys": "tumbling mean, 10 s, `String` keys",
    "sliding count 60 s/1 s": "sliding count, 60 s every 1 s",
    "exchange P=1 fused": "exchange, P = 1, nothing to exchange (fused)",
    "exchange P=1": "exchange, P = 1, through queues",
    "exchange P=2": "exchange, P = 2",
}


# MARK: - The document


class Unreadable(Exception):
    """The document's markers are not as they must be."""


def blocks(text):
    """The tables' names, each with the lines between its markers: (first, behind the last)."""
    found = {}
    opened = None
    for number, line in enumerate(text.split("\n")):
        opening = OPENING.match(line)
        if opening and opened:
            raise Unreadable(f"line {number + 1}: '{line}' within the table '{opened[0]}': end that with '{CLOSING}'")
        if opening and opening.group(1) in found:
            raise Unreadable(f"line {number + 1}: a second table '{opening.group(1)}'")
        if opening:
            opened = opening.group(1), number + 1
        elif line == CLOSING and opened:
            found[opened[0]] = opened[1], number
            opened = None
        elif line == CLOSING:
            raise Unreadable(f"line {number + 1}: '{CLOSING}' ends no table")
        elif line.lstrip().startswith(("<!-- table", "<!-- end")):
            raise Unreadable(f"line {number + 1}: '{line}' is nearly a marker; write '<!-- table: NAME -->' or '{CLOSING}'")
    if opened:
        raise Unreadable(f"line {opened[1]}: the table '{opened[0]}' has no '{CLOSING}'")
    return found


def replaced(text, name, content):
    """The text with other lines in one of its tables."""
    first, end = blocks(text)[name]
    lines = text.split("\n")
    return "\n".join(lines[:first] + content + lines[end:])


def check(text):
    """What is wrong with the tables of a document: markers that are missing, headers that are not the tool's."""
    try:
        found = blocks(text)
    except Unreadable as error:
        return [str(error)]
    lines = text.split("\n")
    wrong = [f"there is no table '{name}'" for name in TABLES if name not in found]
    for name, (first, end) in found.items():
        if name not in TABLES:
            wrong.append(f"line {first}: nothing makes a table '{name}'; there are: {', '.join(TABLES)}")
            continue
        for header in TABLES[name].headers:
            if header.lines()[0] not in lines[first:end]:
                wrong.append(f"line {first}: the table '{name}' is not of the columns {header.columns}")
    return wrong


class Header:
    """The columns of a table; the first is a name, the others are figures unless they end in a space."""

    def __init__(self, *columns):
        self.columns = [column.strip() for column in columns]
        self.marks = [
            "---" if number == 0 or column.endswith(" ") else "---:"
            for number, column in enumerate(columns)
        ]

    def lines(self, rows=()):
        return [row(self.columns), row(self.marks)] + [row(cells) for cells in rows]


def row(cells):
    return "| " + " | ".join(cells) + " |"


def figure(value, digits):
    """A number as text; empty where there is none."""
    value = float("nan" if value is None else value)
    if math.isnan(value):
        return ""
    return f"{value:.{digits}f}".replace("-", "−")


# MARK: - The tables


class Operators:
    """The operators beside loops, and the bars that are set for them."""

    measurements = Header(
        "benchmark", "engine", "loop", "M records/s, engine", "loop",
        "engine's throughput over the loop's", "engine adds",
    )
    bars = Header("figure", "value", "bar", "met? ")
    headers = [measurements, bars]

    def make(self, run):
        report = run.report("operators", "--records", run.count(10_000_000), "--runs", run.runs(5))
        findings = [finding for finding in report["findings"] if finding.get("bar")]
        return (
            run.provenance("nanoseconds a record, medians and in brackets the least and the most")
            + self.measurements.lines(map(self.line, report["measurements"]))
            + [""]
            + self.bars.lines(map(self.bar, findings))
        )

    @staticmethod
    def line(measured):
        engine, loop = measured["engine"], measured["loop"]
        return [
            TITLES.get(measured["name"], measured["name"]), spread(engine, 2), spread(loop, 2),
            figure(1e3 / engine["median"], 0), figure(1e3 / loop["median"], 0),
            figure(loop["median"] / engine["median"], 2), figure(engine["median"] - loop["median"], 2),
        ]

    @staticmethod
    def bar(finding):
        met = "met" if finding["isMet"] else "**missed**"
        unit = "" if finding["unit"] == "×" else " ns"
        return [finding["name"], figure(finding["value"], 2) + unit, finding["bar"] + unit, met]


class Compare:
    """The queries beside loops: each in a process of its own, several times over."""

    queries = Header(
        "query", "engine", "loop", "engine's throughput over the loop's", "engine adds",
        "allocations, engine", "loop", "two workers over the loop",
    )
    headers = [queries]
    names = "q0 q1 q2 q3 q4 q5 q7 q8 q11 q12e q15 q17 q18 q19 q20".split()

    def make(self, run):
        rows = [self.line(name, run) for name in self.names]
        return run.provenance(
            "events made beforehand, each query in a process of its own; nanoseconds an event, medians of "
            f"{run.rounds(3)} processes, and of one with two workers"
        ) + self.queries.lines(rows)

    @staticmethod
    def line(name, run):
        def measure(*more):
            return run.report(
                "compare", "--query", name, "--events", run.count(1_000_000), "--runs", run.runs(5), *more
            )["measurements"][0]

        rounds = [measure() for _ in range(run.rounds(3))]
        two = measure("--parallelism", "2")
        engine, loop = (statistics.median(each[side]["median"] for each in rounds) for side in ("engine", "loop"))
        asked = [
            statistics.median(float(each[side]) for each in rounds)
            for side in ("engineAllocations", "loopAllocations")
        ]
        return [
            name, figure(engine, 1), figure(loop, 1), figure(loop / engine, 2), figure(engine - loop, 1),
            figure(asked[0], 3), figure(asked[1], 3), figure(two["loop"]["median"] / two["engine"]["median"], 2),
        ]


class Nexmark:
    """All queries with the making of their events, beside Flink's."""

    queries = Header(
        "query", "million events/s", "ns/event of processor time", "of them beyond the events",
        "Flink SQL, million events/s", "ratio", "Flink DataStream", "ratio",
    )
    headers = [queries]

    def make(self, run):
        flink = json.loads(FLINK.read_text())
        events = run.count(2_000_000)
        rounds = run.rounds(3)
        # The events first: the command that the table names is then that of the queries.
        alone = statistics.median(
            nanoseconds(one)
            for _ in range(rounds)
            for one in run.lines("hand", "--query", "generator", "--events", events)
        )
        reports = {}
        for _ in range(rounds):
            for one in run.lines("nexmark", "--query", "all", "--events", events, "--no-checksum"):
                reports.setdefault(one["query"], []).append(one)
        rows = [self.line(name, found, alone, flink) for name, found in reports.items()]
        return (
            run.provenance(f"medians of {rounds} processes")
            + self.queries.lines(rows)
            + ["", f"Making the events alone (`hand --query generator`): {figure(alone, 0)} ns of processor time."]
        )

    @staticmethod
    def line(name, reports, alone, flink):
        speed = statistics.median(each["eventsPerSecond"] for each in reports) / 1e6
        time = statistics.median(map(nanoseconds, reports))
        cells = [name, figure(speed, 2), figure(time, 0), figure(time - alone, 0)]
        for programs in ("sql", "dataStream"):
            theirs = flink[programs].get(name)
            cells += [f"{theirs}", figure(speed / theirs, 1)] if theirs else ["", ""]
        return cells


class Decode:
    """How fast files become records."""

    formats = Header(
        "format, data", "B/record", "decoder, MB/s", "ns/record", "ns/field", "job, MB/s",
        "yardstick, MB/s", "decoder over yardstick", "bar", "met? ",
    )
    headers = [formats]
    titles = {"csv": "CSV", "jsonl": "JSON Lines"}

    def make(self, run):
        report = run.report(
            "decode", "--records", run.count(300_000), "--runs", run.runs(9), "--clock", "cpu", program="weir"
        )
        return run.provenance("processor time of all threads; MB are millions of bytes") + self.formats.lines(
            self.line(finding, report["measurements"]) for finding in report["findings"]
        )

    def line(self, finding, measurements):
        sides = {
            each["side"]: each
            for each in measurements
            if (each["format"], each["data"]) == (finding["format"], finding["data"])
        }
        decoder = sides["decoder"]
        speeds = {
            side: each["bytes"] / each["records"] / each["times"]["median"] * 1e3 for side, each in sides.items()
        }
        return [
            f"{self.titles[finding['format']]}, {finding['data']}",
            figure(decoder["bytes"] / decoder["records"], 0), figure(speeds["decoder"], 0),
            spread(decoder["times"], 0), figure(decoder["times"]["median"] / decoder["fields"], 1),
            figure(speeds.get("job"), 0), figure(speeds.get("yardstick"), 0),
            figure(finding.get("overYardstick"), 2), f"≥ {finding['bar']:.0f} MB/s or 0.50",
            "met" if finding["isMet"] else "**missed**",
        ]


def spread(times, digits):
    return f"{figure(times['median'], digits)} ({figure(times['least'], digits)}–{figure(times['most'], digits)})"


def nanoseconds(report):
    """Processor time an event."""
    return report["cpuSeconds"] / report["events"] * 1e9


TABLES = {"operators": Operators(), "compare": Compare(), "nexmark": Nexmark(), "decode": Decode()}
# `decode` needs another build and simdjson.
USUAL = ["operators", "compare", "nexmark"]


# MARK: - Running


class Run:
    """Runs the programs for one table, and remembers how."""

    def __init__(self, programs, is_quick):
        self.programs = programs
        self.is_quick = is_quick
        self.command = None
        self.load = os.getloadavg()[0]
        # Under the real-time scheduler other programs don't interrupt; not everyone may.
        self.scheduler = ["chrt", "-f", "5"] if succeeds("chrt", "-f", "5", "true") else []

    def count(self, usual):
        return usual // 100 if self.is_quick else usual

    def runs(self, usual):
        return 1 if self.is_quick else usual

    rounds = runs

    def report(self, *arguments, program="downstream"):
        """The report that a program prints as one object."""
        return json.loads("".join(self.output(program, arguments)))

    def lines(self, *arguments, program="downstream"):
        """The reports that a program prints a line each; says what has come."""
        for line in self.output(program, arguments):
            report = json.loads(line)
            print(f"    {report['query']}: {report['seconds']:.2f} s", file=sys.stderr)
            yield report

    def output(self, program, arguments):
        path = Path(self.programs[program])
        arguments = [*map(str, arguments), "--json"]
        self.command = shlex.join([*self.scheduler, path.name, *arguments[:-1]])
        print(f"==> {self.command}", file=sys.stderr)
        with subprocess.Popen(
            [*self.scheduler, path, *arguments], stdout=subprocess.PIPE, text=True
        ) as process:
            yield from process.stdout
        if process.returncode != 0:
            sys.exit(f"'{self.command}' failed with status {process.returncode}; {DOCUMENT} is as it was")

    def provenance(self, what):
        """The lines above a table that say where and how its figures came about."""
        command = re.sub(r"--query q\d+\w* ", "--query … ", self.command).replace(" --parallelism 2", "")
        return [
            f"{processor()}, {os.cpu_count()} cores, load average {self.load:.2f} before; "
            f"{datetime.date.today()}; Swift {swift()}; commit {commit()};",
            f"`{command}`: {what}.",
            "",
        ]


def succeeds(*command):
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


def said(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def processor():
    try:
        found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found.group(1) if found else "unknown processor"


def swift():
    version = re.search(r"Swift version (\S+)", said("swift", "--version"))
    return version.group(1) if version else "of an unknown version"


def commit():
    changed = said("git", "status", "--porcelain", "--", "Sources", "benchmarks", "Package.swift")
    return said("git", "rev-parse", "--short", "HEAD") + (" with changes" if changed else "")


# MARK: - Commands


def write(tables, options):
    programs = {"downstream": options.downstream, "weir": options.weir}
    made = {}
    for name in tables:
        start = time.monotonic()
        print(f"==> Table '{name}'", file=sys.stderr)
        made[name] = TABLES[name].make(Run(programs, options.quick))
        print(f"==> Table '{name}': {time.monotonic() - start:.0f} s", file=sys.stderr)
    if options.print or options.quick:
        for content in made.values():
            print("\n".join(content) + "\n")
        return
    # As it is by now: others may have edited it in the meantime.
    text = DOCUMENT.read_text()
    for name, content in made.items():
        text = replaced(text, name, content)
    draft = DOCUMENT.with_suffix(".md.new")
    draft.write_text(text)
    os.replace(draft, DOCUMENT)
    print(f"==> Wrote {', '.join(made)} in {DOCUMENT}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(prog="tools/write-benchmarks.sh", description=__doc__)
    parser.add_argument("command", choices=["plan", "write", "check"], help=argparse.SUPPRESS)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"of {', '.join(TABLES)}; default: {', '.join(USUAL)}")
    parser.add_argument("--print", action="store_true", help="print the tables, and write nothing")
    parser.add_argument("--quick", action="store_true", help="the same, over few records and once: to try the programs")
    parser.add_argument("--downstream", help=argparse.SUPPRESS)
    parser.add_argument("--weir", help=argparse.SUPPRESS)
    # Tables may come before options and behind them.
    options = parser.parse_intermixed_args()
    for name in options.tables:
        if name not in TABLES:
            parser.error(f"there is no table '{name}'; there are: {', '.join(TABLES)}")
    wrong = check(DOCUMENT.read_text())
    if wrong:
        sys.exit("\n".join(f"{DOCUMENT}: {reason}" for reason in wrong))
    tables = options.tables or USUAL
    if options.command == "plan":
        print("\n".join(tables))
    elif options.command == "write":
        try:
            write(tables, options)
        except KeyboardInterrupt:
            sys.exit(f"stopped; {DOCUMENT} is as it was")


if __name__ == "__main__":
    main()
