import Testing
import WeirCore
import WeirTesting

@Suite struct `Merged marks in a checkpoint` {
    private func at(_ microseconds: Int64) -> Timestamp { Timestamp(microseconds: microseconds) }

    private func saved(_ merger: SignalMerger, subtask: Int = 0) -> SavedState {
        var output = StateWriter()
        merger.write(to: &output)
        let bytes = output.bytes
        return SavedState(
            subtask: subtask, parallelism: 2,
            layout: StateLayout(
                arrangement: "cell", distribution: .shared, value: SignalMerger.stateShape),
            directory: [], blockCount: 1
        ) { _ in bytes }
    }

    @Test func `go on where they were, and not back`() throws {
        var merger = SignalMerger(SplitWatermarks(count: 2))
        _ = merger.note(.watermark(at(10)), from: 0)
        let first = merger.note(.watermark(at(4)), from: 1)
        #expect(first == .watermark(at(4)))
        var restored = SignalMerger(SplitWatermarks(count: 2))
        try restored.restore([saved(merger)])
        // What is above sends no mark that it has sent before.
        let repeated = restored.note(.watermark(at(3)), from: 1)
        let next = restored.note(.watermark(at(7)), from: 1)
        #expect(repeated == nil && next == .watermark(at(7)))
    }

    @Test func `of an input that had ended hold up nothing, and it may end once more`() throws {
        var merger = SignalMerger(SplitWatermarks(count: 2))
        _ = merger.note(.watermark(at(10)), from: 0)
        _ = merger.note(.end, from: 1)
        var restored = SignalMerger(SplitWatermarks(count: 2))
        try restored.restore([saved(merger)])
        #expect(restored.open == 2)
        let next = restored.note(.watermark(at(12)), from: 0)
        #expect(next == .watermark(at(12)))
        let ended = restored.note(.end, from: 1)
        #expect(ended == nil && restored.open == 1)
        let end = restored.note(.end, from: 0)
        #expect(end == .end)
    }

    @Test func `of an input that had ended, and has records after all, count again`() throws {
        var merger = SignalMerger(SplitWatermarks(count: 2))
        _ = merger.note(.watermark(at(6)), from: 1)
        _ = merger.note(.watermark(at(10)), from: 0)
        _ = merger.note(.end, from: 1)
        var restored = SignalMerger(SplitWatermarks(count: 2))
        try restored.restore([saved(merger)])
        restored.noteRecords(from: 1)
        // The mark of before the end still holds.
        let held = restored.note(.watermark(at(20)), from: 0)
        let next = restored.note(.watermark(at(15)), from: 1)
        #expect(held == nil && next == .watermark(at(15)))
    }

    @Test func `of several subtasks are those that none was behind`() throws {
        var (one, other) = (
            SignalMerger(SplitWatermarks(count: 2)), SignalMerger(SplitWatermarks(count: 3))
        )
        for input in 0..<2 { _ = one.note(.watermark(at(Int64(10 + input))), from: input) }
        for input in 0..<3 { _ = other.note(.watermark(at(Int64(8 + input))), from: input) }
        var restored = SignalMerger(SplitWatermarks(count: 4))
        try restored.restore([saved(one), saved(other, subtask: 1)])
        for input in 0..<3 {
            let mark = restored.note(.watermark(at(30)), from: input)
            #expect(mark == nil)
        }
        let last = restored.note(.watermark(at(9)), from: 3)
        #expect(last == .watermark(at(9)))
    }
}
