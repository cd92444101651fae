import Testing
import Weir

@testable import WeirNexmark

/// Fails whoever hands it a bad record: events in memory have none.
private struct NoBadRecords: BadRecordHandler {
    func handle(_ record: BadRecord) throws { throw record }
}

@Suite struct `Events made beforehand` {
    private func queries() throws -> [NexmarkQuery] {
        try ["q0", "q4", "q8"].map(NexmarkQuery.named)
    }

    @Test(arguments: [1, 2, 3])
    func `give what Flink gives, given away, made again, or gone`(parallelism: Int) throws {
        let batches = EventBatches(count: 100_000)
        for query in try queries() {
            let expected = try #require(try Golden.totals()[query.name])
            let source = ReplayedEvents(batches, splits: parallelism)
            // The second time none is left, and each is made anew.
            for _ in 1...2 {
                #expect(try total(of: query, over: source, parallelism: parallelism) == expected)
            }
            batches.refill()
        }
    }

    @Test(arguments: [1, 1_023, 1_024, 1_025, 5_000, 7_000])
    func `are as many as wanted, more or fewer than there are`(wanted: Int) throws {
        for query in try queries() {
            let source = ReplayedEvents(EventBatches(count: 5_000), count: wanted, splits: 2)
            #expect(
                try total(of: query, over: source, parallelism: 2)
                    == total(of: query, events: wanted, parallelism: 1))
        }
    }

    @Test func `are handed over without a copy, whole batches alone`() throws {
        let batches = EventBatches(count: 3_000)
        let source = ReplayedEvents(batches)
        var reader = source.reader(
            for: source.splits()[0], context: ReaderContext(badRecords: NoBadRecords()))
        var batch = Batch<NexmarkEvent>()
        #expect(batch.capacity == 0)
        _ = reader.read(into: &batch, limit: 1_024)
        // The batch that lay there, which had room for as many as it held.
        #expect(batch.count == 1_024 && batch.capacity == 1_024)
        #expect(batch[1_023] == NexmarkGenerator().record(at: 1_023))

        // Rows that are there already stay.
        _ = reader.read(into: &batch, limit: 1_000)
        #expect(batch.count == 2_024 && reader.position?.offset == 2_024)
        #expect(batch[2_023] == NexmarkGenerator().record(at: 2_023))
        batch.removeAll()
        _ = reader.read(into: &batch, limit: 1_024)
        #expect(batch.count == 24 && reader.position?.offset == 2_048)
        batch.removeAll()
        guard case .end = reader.read(into: &batch, limit: 1_024) else {
            Issue.record("more than there are")
            return
        }
        #expect(batch.count == 952)
    }

    @Test func `go on from a position with the event behind it`() throws {
        let source = ReplayedEvents(EventBatches(count: 5_000), splits: 2)
        let splits = source.splits()
        #expect(splits.map(\.start) == [0, 1_024])
        var split = splits[1]
        split.position = SplitPosition(offset: 1_500)
        var reader = source.reader(
            for: split, context: ReaderContext(badRecords: NoBadRecords()))
        var batch = Batch<NexmarkEvent>()
        var positions: [Int64?] = []
        var outcome = ReadOutcome.more
        while case .more = outcome {
            outcome = reader.read(into: &batch, limit: 1_024)
            positions.append(reader.position?.offset)
        }
        // Every second batch: the rest of the one begun, and one more.
        #expect(positions == [3_072, 5_120])
        let expected = Array(1_500..<2_048) + Array(3_072..<4_096)
        #expect(batch.indices.map { batch[$0] } == expected.map(NexmarkGenerator().record(at:)))
    }
}
