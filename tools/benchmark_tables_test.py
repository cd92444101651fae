"""Tests of benchmark_tables.py: python3 -m unittest tools/benchmark_tables_test.py"""

import contextlib
import io
import json
import os
import signal
import stat
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parent))
import benchmark_tables as tables

TEXT = """before
<!-- table: compare -->
old
<!-- end of table -->
between
<!-- table: decode -->
<!-- end of table -->
after
"""
TIMES = {"median": 20.0, "least": 19.0, "most": 21.5}
LOOP = {"median": 10.0, "least": 9.0, "most": 11.0}


class Canned:
    """A run that gives reports made up beforehand, one after the other."""

    def __init__(self, *reports):
        self.reports = list(reports)
        self.asked = []

    def report(self, *arguments, program="downstream"):
        self.asked.append(" ".join(map(str, arguments)))
        return self.reports.pop(0)

    def lines(self, *arguments, program="downstream"):
        return self.report(*arguments, program=program)

    def count(self, usual):
        return usual

    runs = rounds = count

    def provenance(self, what):
        return [what, ""]


def comparison(engine, loop, allocations=0.5):
    return {
        "measurements": [
            {
                "name": "q0",
                "engine": {"median": engine},
                "loop": {"median": loop},
                "engineAllocations": allocations,
                "loopAllocations": "nan",
            }
        ]
    }


class Document(unittest.TestCase):
    def test_replaces_one_table_and_nothing_else(self):
        self.assertEqual(tables.replaced(TEXT, "compare", ["new", "lines"]), TEXT.replace("old", "new\nlines"))
        self.assertEqual(tables.replaced(TEXT, "compare", ["old"]), TEXT)
        filled = tables.replaced(TEXT, "decode", ["row"])
        self.assertIn("<!-- table: decode -->\nrow\n<!-- end of table -->\nafter\n", filled)

    def test_finds_broken_markers(self):
        end = "<!-- end of table -->"
        for broken, reason in [
            (TEXT.replace(end, "", 1), "line 6: '<!-- table: decode -->' within the table 'compare'"),
            (TEXT + "<!-- table: nexmark -->\n", "the table 'nexmark' has no"),
            (TEXT + end, "line 9: '<!-- end of table -->' ends no table"),
            (TEXT.replace("decode", "compare"), "a second table 'compare'"),
            (TEXT + "<!-- table:nexmark -->", "line 9: '<!-- table:nexmark -->' is nearly a marker"),
        ]:
            with self.assertRaises(tables.Unreadable) as raised:
                tables.blocks(broken)
            self.assertIn(reason, str(raised.exception))

    def test_finds_unknown_and_missing_tables_and_other_columns(self):
        wrong = "\n".join(tables.check(TEXT + "<!-- table: x -->\n<!-- end of table -->\n"))
        self.assertIn("there is no table 'operators'", wrong)
        self.assertIn("line 9: nothing makes a table 'x'", wrong)
        self.assertIn("line 2: the table 'compare' is not of the columns ['query', 'engine'", wrong)


class Tables(unittest.TestCase):
    def assert_columns(self, lines):
        """Rows have as many cells as the header above them."""
        self.assertTrue(lines)
        cells = None
        for line in lines:
            if not line.startswith("|"):
                cells = None
                continue
            cells = cells or line.count("|")
            self.assertEqual(line.count("|"), cells, line)

    def test_operators(self):
        finding = {"name": "a map, over the loop", "value": -0.04, "unit": "ns/record", "isMet": True}
        measured = {"name": "source+sink", "engine": TIMES, "loop": LOOP}
        run = Canned(
            {
                "measurements": [measured],
                "findings": [
                    finding | {"bar": "≤ 4.0"},
                    {"name": "gain", "value": 1.4, "unit": "×", "bar": "≥ 1.5", "isMet": False},
                    finding,
                ],
            }
        )
        lines = tables.TABLES["operators"].make(run)
        self.assert_columns(lines)
        self.assertIn("| source + sink | 20.00 (19.00–21.50) | 10.00 (9.00–11.00) | 50 | 100 | 0.50 | 10.00 |", lines)
        self.assertEqual(lines[-2], "| a map, over the loop | −0.04 ns | ≤ 4.0 ns | met |")
        self.assertEqual(lines[-1], "| gain | 1.40 | ≥ 1.5 | **missed** |")

    def test_compare_takes_medians_of_processes(self):
        one = tables.Compare()
        one.names = ["q0"]
        run = Canned(comparison(90, 45), comparison(100, 50), comparison(500, 51), comparison(50, 60))
        lines = one.make(run)
        self.assert_columns(lines)
        self.assertEqual(lines[-1], "| q0 | 100.0 | 50.0 | 0.50 | 50.0 | 0.500 |  | 1.20 |")
        self.assertEqual(run.asked[0], "compare --query q0 --events 1000000 --runs 5")
        self.assertEqual(run.asked[3], run.asked[0] + " --parallelism 2")

    def test_nexmark_beside_flink(self):
        def report(query, seconds):
            return {"query": query, "events": 1_000_000, "cpuSeconds": seconds, "eventsPerSecond": 1e6 / seconds}

        run = Canned(
            [report("generator", 0.05)], [report("generator", 0.05)], [report("generator", 0.09)],
            *[[report("q0", seconds), report("q6", seconds)] for seconds in (0.2, 0.1, 0.08)],
        )
        flink = {"sql": {"q0": 0.5}, "dataStream": {}}
        with mock.patch.object(tables.json, "loads", return_value=flink):
            lines = tables.TABLES["nexmark"].make(run)
        self.assert_columns(lines)
        self.assertIn("| q0 | 10.00 | 100 | 50 | 0.5 | 20.0 |  |  |", lines)
        self.assertIn("| q6 | 10.00 | 100 | 50 |  |  |  |  |", lines)
        self.assertIn("50 ns", lines[-1])

    def test_decode_without_yardstick(self):
        def side(name, times):
            return {
                "format": "csv", "data": "bids", "side": name, "records": 10, "fields": 8, "bytes": 2_000,
                "times": times,
            }

        finding = {"format": "csv", "data": "bids", "bar": 300, "isMet": True}
        run = Canned({"findings": [finding], "measurements": [side("decoder", TIMES), side("job", LOOP)]})
        lines = tables.TABLES["decode"].make(run)
        self.assert_columns(lines)
        self.assertEqual(
            lines[-1],
            "| CSV, bids | 200 | 10000 | 20 (19–22) | 2.5 | 20000 |  |  | ≥ 300 MB/s or 0.50 | met |",
        )


class Writing(unittest.TestCase):
    """The whole program, with a script in the benchmarks' place."""

    def run_with(self, script):
        """Runs `write compare` on a document of its own; the status, the document, and what else lies there."""
        rows = "\n".join(tables.Compare.queries.lines())
        text = TEXT.replace("old", rows)
        names = [name for name in tables.TABLES if name not in ("compare", "decode")]
        for name in ["decode", *names]:
            headers = "\n".join(line for header in tables.TABLES[name].headers for line in header.lines())
            opening = f"<!-- table: {name} -->\n"
            text = text.replace(opening, opening + headers + "\n")
            if opening not in text:
                text += f"{opening}{headers}\n<!-- end of table -->\n"
        with tempfile.TemporaryDirectory() as folder:
            document = Path(folder) / "benchmarks.md"
            document.write_text(text)
            program = Path(folder) / "bench"
            program.write_text("#!/bin/sh\n" + script)
            program.chmod(program.stat().st_mode | stat.S_IEXEC)
            arguments = ["tool", "write", "--downstream", str(program), "compare"]
            status = 0
            with (
                mock.patch.object(tables, "DOCUMENT", document),
                mock.patch.object(tables, "succeeds", return_value=False),
                mock.patch.object(sys, "argv", arguments),
                contextlib.redirect_stderr(io.StringIO()),
            ):
                try:
                    tables.main()
                except SystemExit as exit:
                    status = exit.code
            return status, text, document.read_text(), sorted(os.listdir(folder))

    def test_writes_the_table_that_is_asked_for(self):
        status, before, after, files = self.run_with(f"echo '{json.dumps(comparison(20, 10))}'")
        self.assertEqual(status, 0)
        self.assertIn("| q19 | 20.0 | 10.0 | 0.50 |", after)
        self.assertIn("compare --query … --events 1000000 --runs 5`:", after)
        self.assertTrue(after.startswith("before\n"))
        self.assertEqual(after.split("between\n")[1], before.split("between\n")[1])
        self.assertEqual(tables.check(after), [])
        self.assertEqual(files, ["bench", "benchmarks.md"])

    def test_leaves_the_document_when_a_run_fails(self):
        # The eighth run of many.
        fails = f"""
            echo x >>"$0.calls"
            if [ "$(wc -l <"$0.calls")" -gt 7 ]; then exit 3; fi
            echo '{json.dumps(comparison(20, 10))}'"""
        status, before, after, files = self.run_with(fails)
        self.assertIn("failed with status 3", status)
        self.assertEqual(after, before)
        self.assertEqual(files, ["bench", "bench.calls", "benchmarks.md"])

    def test_leaves_the_document_when_it_is_stopped(self):
        # A shell has what it starts in the background ignore the signal.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        status, before, after, _ = self.run_with("kill -INT $PPID; sleep 0.1; exit 1")
        self.assertIn("stopped", status)
        self.assertEqual(after, before)


if __name__ == "__main__":
    unittest.main()
