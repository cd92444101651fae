import Testing
import Weir
import WeirTesting

@testable import WeirNexmark

private struct Tallied: NexmarkRow, Hashable {
    var number: Int
    var text: String

    func putFields(into row: inout RowWriter) {
        row.put(number)
        row.put(text)
    }

    /// A total, in the form of a row.
    init(_ total: NexmarkTotal) { (number, text) = (total.rows, total.checksumText) }
    init(_ index: Int) { (number, text) = (index, "row") }
}

@Suite struct `A query's total, under failures` {
    /// What the rows come to when a job without checkpoints counts them.
    private func total(of rows: [Tallied]) throws -> NexmarkTotal {
        let results = NexmarkResults()
        let writer = ResultSink<Tallied>(results: results).writer(
            context: SubtaskContext(job: "job", operatorName: "sink", subtask: 0, parallelism: 1))
        var batch = Batch<Tallied>()
        for row in rows { batch.append(row, at: .epoch) }
        try writer.write(&batch)
        writer.finish()
        return results.total
    }

    @Test func `is that of the committed rows, each once`() throws {
        let conformance = SinkConformance(
            isRewindable: true, row: { Tallied($0) },
            expected: { rows in [(try? self.total(of: rows)).map { Tallied($0) } ?? Tallied(-1)] }
        ) {
            let results = NexmarkResults()
            let sink = ResultSink<Tallied>(results: results)
            #expect(sink.guarantee == .transactional)
            return (sink, { [Tallied(results.total)] })
        }
        let events = try conformance.check(seeds: 0..<300)
        #expect(events[.finished] ?? 0 >= 300 && events[.rescaled] ?? 0 > 0)
    }
}
