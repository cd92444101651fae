import Testing
import WeirCore
import WeirGraph
import WeirTesting

@testable import WeirRuntime
@testable import WeirState

@Suite struct `Records in flight of a restored checkpoint` {
    private static let ownership = KeyOwnership(subtask: 0, parallelism: 1)

    private func time(_ microseconds: Int) -> Timestamp {
        Timestamp(microseconds: Int64(microseconds))
    }

    private func batch(_ rows: [Int], hashed: Bool = false) -> Batch<Int> {
        var batch = Batch<Int>()
        for row in rows { batch.append(row, at: time(row * 10)) }
        if hashed { batch.assignHashes { UInt64($0) } }
        return batch
    }

    /// What a checkpoint has of these batches.
    private func saved(
        _ batches: [[Int]], watermark: Int? = nil, hashed: Bool = false, subtask: Int = 0,
        parallelism: Int = 1
    ) throws -> SavedState {
        var records = OvertakenRecords<Int>()
        for rows in batches { records.add(batch(rows, hashed: hashed)) }
        if let watermark { records.noteWatermark(time(watermark)) }
        let part = QueuedRecords<Int>(batchSize: 4)
        part.overtaken = { records }
        let taken = try #require(try part.overtakenSnapshot())
        #expect(taken.recordCount == batches.joined().count)
        let blocks = try taken.snapshot.blocks.indices.map { index in
            var writer = StateWriter()
            try taken.snapshot.write(index, to: &writer)
            return writer.bytes
        }
        return SavedState(
            subtask: subtask, parallelism: parallelism, layout: try part.layout(),
            directory: taken.snapshot.directory, blockCount: blocks.count
        ) { blocks[$0] }
    }

    private func restored(
        _ saved: [SavedState], owning ownership: KeyOwnership = ownership
    ) throws -> QueuedRecords<Int> {
        let part = QueuedRecords<Int>(batchSize: 4)
        try part.restore(saved, owning: ownership)
        return part
    }

    /// Resumes until all is done.
    private func settle(_ step: Step<Int>, _ progress: Progress) throws {
        var progress = progress
        while progress != .done { progress = try step.resume() }
    }

    @Test func `come before all else, and their watermark after them`() throws {
        let part = try restored([try saved([[1, 2, 3], [4, 5, 6]], watermark: 35)])
        let output = OutputProbe<Int>()
        let step = replayStep([part], into: output.step)
        var rows = batch([7])
        try settle(step, try step.process(&rows))
        try settle(step, try step.signal(.watermark(time(20))))
        try settle(step, try step.signal(.watermark(time(40))))
        #expect(output.records == [1, 2, 3, 4, 5, 6, 7])
        // An input that had been idle is behind; the operator has had the later watermark.
        #expect(
            output.signals == [
                .watermark(time(35)), .watermark(time(35)), .watermark(time(40)),
            ])
        #expect(part.counts.replayed.current == 6 && part.counts.restored.current == 6)
    }

    @Test(arguments: 1...4) func `wait where the output refuses`(refusals: Int) throws {
        let part = try restored([try saved([[1, 2, 3], [4, 5, 6], [7]])])
        var taken: [String] = []
        var refused = 0
        func answer() -> Progress {
            refused += 1
            return refused % (refusals + 1) == 0 ? .done : .suspended
        }
        let step = replayStep(
            [part],
            into: Step<Int>(
                process: { batch in
                    taken += batch.indices.map { "\(batch[$0])" }
                    batch.removeAll()
                    return answer()
                },
                signal: {
                    taken.append("\($0)")
                    return answer()
                }, resume: { answer() }))
        try settle(step, try step.signal(.flush))
        #expect(taken == ["1", "2", "3", "4", "5", "6", "7", "flush"])
        var rows = batch([8])
        try settle(step, try step.process(&rows))
        #expect(taken.last == "8")
    }

    @Test func `keep their times and hashes`() throws {
        let part = try restored([try saved([Array(0..<50), [50]], watermark: 5, hashed: true)])
        var all: [Int] = []
        while let slot = part.takeBatch() {
            #expect(slot.batch.hasHashes && slot.batch.count <= 4)
            for row in slot.batch.indices {
                let number = slot.batch[row]
                let (hash, at) = (slot.batch.hash(at: row), slot.batch.time(at: row))
                #expect(hash == UInt64(number) && at == time(10 * number))
                all.append(number)
            }
        }
        #expect(all == Array(0...50))
        #expect(part.takeWatermark() == time(5))
    }

    @Test func `are refused at another parallelism, even where there are none`() throws {
        for rows in [[[1]], []] {
            let state = try saved(rows, subtask: 1, parallelism: 2)
            let same = KeyOwnership(subtask: 1, parallelism: 2)
            #expect(try restored([state], owning: same).counts.restored.current == rows.count)
            let error = #expect(throws: StateFormatError.self) { try restored([state]) }
            #expect(error?.reason.contains("here 2, not 1: restore at that") == true)
        }
    }
}
