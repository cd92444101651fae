import Testing
import WeirCore

@testable import Weir

@Suite struct `Number text` {
    @Test(arguments: [
        (0, "0"), (7, "7"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567"),
        (-1_000, "-1,000"), (-999, "-999"), (Int.max, "9,223,372,036,854,775,807"),
        (Int.min, "-9,223,372,036,854,775,808"),
    ])
    func `groups counts by thousands`(value: Int, text: String) {
        #expect(NumberText.count(value) == text)
    }

    @Test(arguments: [
        (0, "0/s"), (0.4, "0/s"), (12.3, "12/s"), (999.4, "999/s"), (999.96, "1.0 k/s"),
        (1_234, "1.2 k/s"), (99_940, "99.9 k/s"), (99_960, "100 k/s"), (1_234_567, "1.2 M/s"),
        (95_000_000, "95.0 M/s"), (2.5e9, "2.5 G/s"), (7e12, "7.0 T/s"), (7e15, "7000 T/s"),
        (.infinity, "–/s"), (.nan, "–/s"),
    ])
    func `shortens rates to three digits`(value: Double, text: String) {
        #expect(NumberText.rate(value) == text)
    }

    @Test(arguments: [
        (0, "0 ms"), (0.0854, "85 ms"), (0.9996, "1.00 s"), (1.236, "1.24 s"), (9.996, "10.0 s"),
        (12.34, "12.3 s"), (59.96, "1 min 00 s"), (125, "2 min 05 s"), (3_599.6, "1 h 00 min"),
        (11_220, "3 h 07 min"), (183_600, "2 d 03 h"), (-90, "-1 min 30 s"), (.infinity, "–"),
    ])
    func `shows spans in the two units that matter`(seconds: Double, text: String) {
        #expect(NumberText.span(seconds: seconds) == text)
    }

    @Test(arguments: [
        (0, "0:00"), (0.999, "0:01"), (7, "0:07"), (754, "12:34"), (3_723, "1:02:03"),
        (-5, "0:00"), (.infinity, "0:00"),
    ])
    func `shows elapsed time as a clock`(seconds: Double, text: String) {
        #expect(NumberText.clock(seconds: seconds) == text)
    }

    @Test(arguments: [
        (0.05, 1, "0.1"), (-0.04, 1, "0.0"), (-1.25, 1, "-1.3"), (2, 2, "2.00"), (1.006, 2, "1.01"),
        (1e30, 1, "1e+30"),
    ])
    func `rounds to fixed decimals`(value: Double, decimals: Int, text: String) {
        #expect(NumberText.fixed(value, decimals: decimals) == text)
    }

    @Test func `cuts text to a width`() {
        #expect(["weather", "weathers", ""].map { $0.cut(to: 7) } == ["weather", "weathe…", ""])
        #expect("weather".cut(to: 0) == "")
    }

    @Test func `aligns a table's columns by their widest cells`() {
        let table = TextTable(
            alignments: [.left, .right], rows: [["name", "n"], ["é", "1,000"], ["z", ""]])
        #expect(table.lines == ["name      n", "é     1,000", "z"])
        #expect(table.width == 11)
    }

    @Test(arguments: [
        ("FlightDelays", "flight-delays"), ("HTTPLogCounts", "http-log-counts"),
        ("Top10Routes", "top10-routes"), ("Word_Count", "word-count"), ("X", "x"),
        ("iOSJob", "i-os-job"),
    ])
    func `makes a job's name from its type's`(type: String, name: String) {
        #expect(kebabCase(type) == name)
    }
}
