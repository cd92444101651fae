import Testing
import WeirCore

@Suite struct `Split watermarks` {
    private func time(_ seconds: Int64) -> Timestamp { Timestamp(seconds: seconds) }

    @Test func `merge to the lowest`() {
        let splits = SplitWatermarks(count: 3)
        #expect(splits.merged() == .earliest && splits.lowest == .earliest)
        splits.advance(0, to: time(30))
        splits.advance(1, to: time(10))
        #expect(splits.merged() == .earliest)
        splits.advance(2, to: time(20))
        #expect(splits.merged() == time(10) && splits.lowest == time(10))
        #expect((0..<3).map { splits[$0] } == [time(30), time(10), time(20)])
    }

    @Test func `never move back`() {
        let splits = SplitWatermarks(count: 1)
        splits.advance(0, to: time(30))
        splits.advance(0, to: time(10))
        #expect(splits[0] == time(30) && splits.merged() == time(30))
    }

    @Test func `leave out idle splits until they speak again`() {
        let splits = SplitWatermarks(count: 2)
        splits.advance(0, to: time(30))
        splits.setIdle(1)
        #expect(splits.merged() == time(30) && !splits.isActive(1))
        splits.advance(1, to: time(10))
        #expect(splits.merged() == time(10) && splits.isActive(1))
    }

    @Test func `say nothing while all that have not ended are idle`() {
        let splits = SplitWatermarks(count: 2)
        splits.advance(0, to: time(30))
        splits.setIdle(0)
        splits.setIdle(1)
        #expect(splits.merged() == nil && splits.lowest == .latest)
        splits.setEnded(0)
        #expect(splits.merged() == nil)
    }

    @Test func `leave out ended splits for good, and end with the last`() {
        let splits = SplitWatermarks(count: 2)
        splits.advance(1, to: time(20))
        splits.setEnded(0)
        splits.setIdle(0)
        splits.advance(0, to: time(5))
        #expect(!splits.isActive(0) && splits.merged() == time(20))
        splits.setEnded(1)
        #expect(splits.merged() == .latest && splits.lowest == .latest)
    }

    @Test func `of no splits have ended`() {
        #expect(SplitWatermarks(count: 0).merged() == .latest)
    }

    @Test func `go idle all at once, but for the ended`() {
        let splits = SplitWatermarks(count: 3)
        splits.setEnded(2)
        splits.setAllIdle()
        #expect((0..<3).map { splits.isActive($0) } == [false, false, false])
        #expect(splits.merged() == nil)
        for split in 0..<3 { splits.advance(split, to: time(7)) }
        #expect((0..<3).map { splits.isActive($0) } == [true, true, false])
        #expect(splits.merged() == time(7))
    }
}
