import Testing
import WeirCore

@Suite struct `Merged marks` {
    private func time(_ microseconds: Int64) -> Timestamp { Timestamp(microseconds: microseconds) }

    @Test func `are the lowest watermark, told only when it has risen`() {
        var merger = SignalMerger(SplitWatermarks(count: 2))
        #expect(merger.note(.watermark(time(10)), from: 0) == nil)
        #expect(merger.note(.watermark(time(5)), from: 1) == .watermark(time(5)))
        #expect(merger.note(.watermark(time(5)), from: 1) == nil)
        #expect(merger.note(.watermark(time(3)), from: 1) == nil)
        #expect(merger.note(.watermark(time(50)), from: 1) == .watermark(time(10)))
    }

    @Test func `do without idle inputs, and are idle when all are`() {
        var merger = SignalMerger(SplitWatermarks(count: 2))
        #expect(merger.note(.watermark(time(10)), from: 0) == nil)
        #expect(merger.note(.idle, from: 1) == .watermark(time(10)))
        #expect(merger.note(.idle, from: 0) == .idle)
        #expect(merger.note(.idle, from: 0) == nil)
        #expect(merger.note(.watermark(time(12)), from: 0) == .watermark(time(12)))
    }

    @Test func `never move back when an input that was behind wakes up`() {
        var merger = SignalMerger(SplitWatermarks(count: 2))
        _ = merger.note(.idle, from: 1)
        #expect(merger.note(.watermark(time(10)), from: 0) == .watermark(time(10)))
        merger.noteRecords(from: 1)
        #expect(merger.note(.watermark(time(20)), from: 0) == nil)
        #expect(merger.note(.watermark(time(5)), from: 1) == nil)
        #expect(merger.note(.watermark(time(15)), from: 1) == .watermark(time(15)))
    }

    @Test func `are idle once more after records went by`() {
        var merger = SignalMerger(SplitWatermarks(count: 1))
        #expect(merger.note(.idle, from: 0) == .idle)
        merger.noteRecords(from: 0)
        #expect(merger.note(.idle, from: 0) == .idle)
        #expect(merger.note(.idle, from: 0) == nil)
    }

    @Test func `rise when the input that held them back ends, and end with the last`() {
        var merger = SignalMerger(SplitWatermarks(count: 3))
        #expect(merger.note(.watermark(time(10)), from: 0) == nil)
        #expect(merger.note(.watermark(time(20)), from: 1) == nil)
        #expect(merger.note(.end, from: 2) == .watermark(time(10)))
        #expect(merger.note(.end, from: 0) == .watermark(time(20)))
        #expect(merger.note(.end, from: 0) == nil && merger.open == 1)
        #expect(merger.note(.end, from: 1) == .end && merger.open == 0)
    }

    @Test func `are idle when all that have not ended are`() {
        var merger = SignalMerger(SplitWatermarks(count: 2))
        #expect(merger.note(.idle, from: 0) == nil)
        #expect(merger.note(.end, from: 1) == .idle)
    }
}
