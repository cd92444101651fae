import Foundation
import Testing
import WeirGraph

@testable import Weir
@testable import WeirCore
@testable import WeirRuntime

@Suite struct `Summary` {
    private var graph: LogicalGraph {
        let job = JobBuilder(name: "job")
        let sink = KeepingSink<Int>(kept: KeepingSink<Int>.Kept())
        job.source(CountedSource(count: 1), onBadRecord: .deadLetter, as: "numbers")
            .sink(to: sink, as: "results")
        job.source(CountedSource(count: 1), onBadRecord: .skip(limit: 9), as: "more")
            .sink(to: sink, as: "others")
        return job.graph
    }

    private func summary(
        _ outcome: JobSummary.Outcome = .finished, lost: Int = 0
    ) -> JobSummary {
        func entry(_ name: String, _ kind: String, _ counts: (inout LedgerCounts) -> Void)
            -> Ledger.OperatorEntry
        {
            var made = LedgerCounts()
            counts(&made)
            return Ledger.OperatorEntry(name: name, kind: kind, counts: made)
        }
        let operators = [
            entry("numbers", "source") {
                $0.received = 1_002
                $0.passed = 1_000
                $0.emitted = 1_000
                $0.deadLettered = 2
            },
            entry("more", "source") {
                $0.received = 1
                $0.deadLettered = 1
            },
            entry("results", "sink") {
                $0.received = 1_000
                $0.passed = 1_000 - lost
            },
        ]
        let edges = [
            Ledger.EdgeEntry(
                from: "numbers", port: 0, to: "results", sent: 1_000, received: 1_000, held: 0)
        ]
        return JobSummary(
            job: "job", outcome: outcome, parallelism: 1, seconds: 0.5, recordsRead: 1_003,
            ledger: Ledger(operators: operators, edges: edges))
    }

    @Test func `shows the ledger, and where dead letters went`() {
        #expect(
            SummaryReport(summary(), graph: graph).text == """
                job finished: 1,003 records read in 500 ms, 2,006 records/s, 1 worker
                  operator     in    out  filtered  late  dead letters  held
                  numbers   1,002  1,000         –     –             2     –
                  more          1      –         –     –             1     –
                  results   1,000  1,000         –     –             –     –
                  balanced ✓  in = out + filtered + late + dead letters + held, and every edge
                  2 bad records of 'numbers' set aside in dead-letters/numbers.jsonl
                  1 bad record of 'more' passed over

                """)
    }

    @Test func `shows what the operators' state took at most, where there is any`() throws {
        var summary = self.summary()
        summary.peakStateBytes = ["results": 2_900_000_000]
        let report = SummaryReport(summary, graph: graph)
        let lines = report.text.split(separator: "\n")
        #expect(lines[1].hasSuffix("  held  most state"))
        #expect(lines[2].hasSuffix("     –           –"))
        #expect(lines[4].hasSuffix("     –      2.9 GB"))
        #expect(report.json.contains("\"peakStateBytes\": 2900000000"))
    }

    @Test func `says what does not add up`() {
        let text = SummaryReport(summary(.failed, lost: 3), graph: graph, failure: "full").text
        #expect(text.hasPrefix("job failed: 1,003 records read"))
        #expect(
            text.contains(
                """
                  not settled, since the run did not reach its end:
                    operator 'results' received 1000 records and accounts for 997

                """))
        #expect(SummaryReport(summary(lost: 3), graph: graph).text.contains("  NOT BALANCED:\n"))
    }

    @Test func `is a headline alone where the run never started`() {
        let summary = JobSummary(
            job: "job", outcome: .failed, parallelism: 2, seconds: 0, recordsRead: 0,
            ledger: Ledger(operators: [], edges: []))
        #expect(
            SummaryReport(summary, graph: graph, failure: "no file").text
                == "job failed: 0 records read in 0 ms, 0 records/s, 2 workers\n")
    }

    @Test func `shows columns for shed records and for results where there are any`() {
        var summary = self.summary()
        summary.ledger.operators[2].counts.shed = 4
        summary.ledger.operators[2].counts.emitted = 7
        let title = SummaryReport(summary, graph: graph).text.split(separator: "\n")[1]
        #expect(
            title.split(separator: " ").joined(separator: " ")
                == "operator in out filtered late shed dead letters held emitted")
    }

    private struct Decoded: Decodable, Equatable {
        struct DeadLetters: Decodable, Equatable {
            var `operator`: String
            var count: Int
            var path: String?
        }
        struct Edge: Decodable, Equatable {
            var from: String
            var sent: Int
        }
        var job: String
        var outcome: JobSummary.Outcome
        var error: String?
        var recordsRead: Int
        var recordsPerSecond: Double
        var isBalanced: Bool
        var imbalances: [String]
        var deadLetters: [DeadLetters]
        var operators: [[String: JSONScalar]]
        var edges: [Edge]
    }

    private enum JSONScalar: Decodable, Equatable {
        case text(String), number(Int)
        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Int.self) {
                self = .number(number)
            } else {
                self = .text(try container.decode(String.self))
            }
        }
    }

    @Test func `is one line of JSON for programs`() throws {
        let text = SummaryReport(
            summary(.failed, lost: 3), graph: graph, failure: "disk \"full\"\nat C:\\"
        ).json
        #expect(!text.contains("\n"))
        let decoded = try JSONDecoder().decode(Decoded.self, from: Data(text.utf8))
        #expect(
            decoded.operators.map { $0["name"] } == [
                .text("numbers"), .text("more"), .text("results"),
            ])
        #expect(decoded.operators[2]["passed"] == .number(997))
        #expect(decoded.operators[0].count == 12)
        var rest = decoded
        rest.operators = []
        #expect(
            rest
                == Decoded(
                    job: "job", outcome: .failed, error: "disk \"full\"\nat C:\\",
                    recordsRead: 1_003,
                    recordsPerSecond: 2_006, isBalanced: false,
                    imbalances: ["operator 'results' received 1000 records and accounts for 997"],
                    deadLetters: [
                        .init(
                            operator: "numbers", count: 2, path: "dead-letters/numbers.jsonl"),
                        .init(operator: "more", count: 1, path: nil),
                    ], operators: [], edges: [.init(from: "numbers", sent: 1_000)]))
    }

    // MARK: - Failures

    @Test func `names job, operator, subtask, record and cause of a failure`() {
        let failure = OperatorFailure(
            job: "job", operatorName: "half", subtask: 1, record: "4", cause: Indivisible())
        #expect(
            failureText(JobFailure(cause: failure, summary: summary(.failed))) == """
                error: job 'job' failed in operator 'half'
                  subtask  1
                  record   4
                  cause    a number that cannot be divided

                """)
    }

    @Test func `leaves out the record where none is at fault, and cuts a long one`() {
        let bare = OperatorFailure(
            job: "job", operatorName: "half", subtask: 0, record: nil, cause: Indivisible())
        #expect(!failureText(bare).contains("record"))
        let long = OperatorFailure(
            job: "job", operatorName: "half", subtask: 0,
            record: String(repeating: "x", count: 9_999), cause: Indivisible())
        #expect(
            failureText(long).contains("  record   " + String(repeating: "x", count: 499) + "…\n"))
    }

    @Test func `shows any other error in its own words`() {
        #expect(
            failureText(JobError.aborted(job: "job"))
                == "error: job 'job' was stopped at once; what its sinks had not committed is "
                + "discarded\n")
    }
}
