#!/usr/bin/env python3
"""Kills running jobs with SIGKILL at random moments, restarts them from their last checkpoint, and
compares what they leave with an uninterrupted run: no row may be there twice, and none be missing.

  tools/crash-test.py --kills 300 --flights PROGRAM --bench PROGRAM

Two jobs: the example `flights` into SQLite, and a Nexmark query into a file. Each takes checkpoints
every few milliseconds. A run is killed several times, then left to finish and compared; this goes on
until there have been as many kills as asked for. Exits with status 1 when a result differs, or a run
fails. The moments follow from --seed, as far as the machine's timing lets them.
"""

import argparse
import collections
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time


class Job:
    """A program, and how to read what it leaves in a directory."""

    def __init__(self, name, command, read):
        self.name = name
        self.command = command
        self.read = read


def flights(program, data, rate):
    def command(folder):
        return [
            program, "run", "--quiet", "--json", "--parallelism", "2", "--data", data,
            "--output", str(folder / "out"), "--flights-per-second", str(rate),
        ]

    def read(folder):
        rows = collections.Counter()
        database = sqlite3.connect(f"file:{folder}/out/flights.db?mode=ro", uri=True)
        for table in ("hourly_departures", "worst_carriers", "weather_impact"):
            for row in database.execute(f"SELECT * FROM {table}"):
                rows[(table, row)] += 1
        database.close()
        return rows

    def checkpoints(folder, interval):
        return [
            "--checkpoints", str(folder / "state"), "--checkpoint-interval", f"{interval}ms",
            "--restore", "auto", "--restart", "never",
        ]

    job = Job("flights", command, read)
    job.checkpoints = checkpoints
    return job


def nexmark(program, query, events, rate):
    def command(folder):
        return [
            program, "nexmark", "--query", query, "--events", str(events), "--parallelism", "2",
            "--rate", str(rate), "--rows", str(folder / "rows.jsonl"), "--json",
        ]

    def read(folder):
        with open(folder / "rows.jsonl", encoding="utf-8") as lines:
            return collections.Counter(lines)

    def checkpoints(folder, interval):
        return [
            "--checkpoints", str(folder / "state"), "--checkpoint-interval", str(interval),
            "--restore",
        ]

    job = Job(f"nexmark {query}", command, read)
    job.checkpoints = checkpoints
    return job


class Driver:
    def __init__(self, job, work, options):
        self.job = job
        self.work = pathlib.Path(work)
        self.options = options
        self.random = random.Random(f"{options.seed} {job.name}")
        self.kills = self.starts = self.runs = 0
        self.restored = 0
        self.duplicates = self.losses = 0
        self.problems = []

    def fresh(self, name):
        folder = self.work / name
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "out").mkdir(parents=True)
        return folder

    def start(self, folder, command, log):
        self.starts += 1
        return subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)

    def reference(self):
        folder = self.fresh(self.job.name.replace(" ", "-") + "-reference")
        began = time.monotonic()
        with open(folder / "log", "wb") as log:
            status = self.start(folder, self.job.command(folder), log).wait(timeout=600)
        if status != 0:
            sys.exit(f"{self.job.name}: the uninterrupted run fails:\n" + self.tail(folder))
        self.seconds = time.monotonic() - began
        self.expected = self.job.read(folder)
        if not self.expected:
            sys.exit(f"{self.job.name}: the uninterrupted run has no results")

    def tail(self, folder):
        return (folder / "log").read_text(errors="replace")[-2_000:]

    def run(self, kills):
        """One run from the beginning to its end, killed so many times."""
        self.runs += 1
        folder = self.fresh(f"{self.job.name}-{self.runs}".replace(" ", "-"))
        command = self.job.command(folder) + self.job.checkpoints(folder, self.options.interval)
        left = kills
        # Moments that spread over the run, whatever its length.
        span = self.seconds * 2 / (kills + 1)
        while True:
            with open(folder / "log", "ab") as log:
                program = self.start(folder, command, log)
                try:
                    delay = self.random.uniform(0, span) if left > 0 else self.options.timeout
                    status = program.wait(timeout=delay)
                except subprocess.TimeoutExpired:
                    os.killpg(program.pid, signal.SIGKILL)
                    program.wait()
                    if left == 0:
                        self.problems.append(
                            f"run {self.runs} does not end within {self.options.timeout} s")
                        return self.keep(folder)
                    left -= 1
                    self.kills += 1
                    continue
            if status == 0:
                break
            self.problems.append(
                f"run {self.runs} ends with status {status}:\n" + self.tail(folder))
            return self.keep(folder)
        found = self.job.read(folder)
        more, less = found - self.expected, self.expected - found
        if more or less:
            self.duplicates += sum(more.values())
            self.losses += sum(less.values())
            self.problems.append(
                f"run {self.runs} differs: {sum(more.values())} rows too many, such as "
                f"{list(more)[:2]}; {sum(less.values())} missing, such as {list(less)[:2]}")
            return self.keep(folder)
        shutil.rmtree(folder)

    def keep(self, folder):
        print(f"  kept for a look: {folder}", file=sys.stderr)
        self.options.keep = True

    def drive(self, kills):
        self.reference()
        while self.kills < kills and len(self.problems) < 5:
            self.run(min(self.options.kills_per_run, kills - self.kills))
        print(
            f"{self.job.name}: {self.kills} kills in {self.runs} runs of {self.seconds:.1f} s, "
            f"{self.starts} starts; {sum(self.expected.values())} rows each: "
            f"{self.duplicates} duplicates, {self.losses} losses, {len(self.problems)} problems",
            flush=True)
        for problem in self.problems:
            print(f"  {problem}", file=sys.stderr, flush=True)
        return not self.problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--kills", type=int, default=20, help="over all jobs (20)")
    parser.add_argument("--kills-per-run", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--interval", type=int, default=50, help="of checkpoints, in ms (50)")
    parser.add_argument("--timeout", type=float, default=120, help="of a run left alone, in s")
    parser.add_argument("--flights", help="the built example")
    parser.add_argument("--flights-rate", type=int, default=30_000, help="a second and subtask")
    parser.add_argument("--data", default="examples/flights/data")
    parser.add_argument("--bench", help="the built weir-bench")
    parser.add_argument("--query", default="q11")
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--events-rate", type=int, default=25_000)
    options = parser.parse_args()
    options.keep = False
    jobs = []
    if options.flights:
        jobs.append(
            flights(
                os.path.abspath(options.flights), os.path.abspath(options.data),
                options.flights_rate))
    if options.bench:
        jobs.append(
            nexmark(
                os.path.abspath(options.bench), options.query, options.events,
                options.events_rate))
    if not jobs:
        parser.error("name at least one program: --flights, --bench")
    work = tempfile.mkdtemp(prefix="weir-crash-")
    try:
        share = -(-options.kills // len(jobs))
        results = [Driver(job, work, options).drive(share) for job in jobs]
    finally:
        if not options.keep:
            shutil.rmtree(work, ignore_errors=True)
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
