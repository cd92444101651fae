import Testing
import WeirCore
import WeirState
import WeirTesting

@Suite struct `A sliding merger` {
    /// A record: what is collected, and where it belongs.
    private struct Row: Hashable { var key: Int; var value: Int; var time: Int64 }

    /// Slides over random records, some of which come when their slice has been merged already, and
    /// compares each window with one merged from nothing.
    @Test(arguments: 0..<80 as Range<UInt64>)
    func `merges as one does who starts anew for each window, in the same order`(seed: UInt64)
        throws
    {
        var random = SeededGenerator(seed: seed)
        let slide = Int64.random(in: 1...6, using: &random)
        let size =
            slide * Int64.random(in: 1...8, using: &random)
            + Int64.random(in: 0...1, using: &random)
        let assigner = WindowAssigner.sliding(.microseconds(size), every: .microseconds(slide))
        let aggregate = Collect<Row, Int>(\.value)
        let store = SliceStore<Int, [Int]>(assigner)
        let merger = SlidingMerger<Int, Collect<Row, Int>>(aggregate)
        var rows: [Row] = []
        var windows = 0
        var watermark: Int64 = 0
        for step in 0..<120 {
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                let time = watermark + Int64.random(in: -size...2 * size, using: &random)
                let row = Row(
                    key: Int.random(in: 0..<4, using: &random), value: rows.count, time: time)
                guard case .slice(let slice) = store.place(Timestamp(microseconds: time)) else {
                    continue
                }
                merger.noteChange(of: slice)
                try slice.table.update(row.key, hash: row.key.stableHash, initial: { [] }) {
                    aggregate.add(row, to: &$0)
                }
                rows.append(row)
            }
            // Now and then a long silence, so that whole windows are jumped over.
            watermark += Int64.random(
                in: 0...(step % 20 == 19 ? 10 * size : 2 * slide), using: &random)
            while let window = store.nextDueWindow(at: Timestamp(microseconds: watermark)) {
                try merger.move(to: window, in: store)
                #expect(try contents(merger) == naive(rows, in: window, width: assigner.sliceWidth))
                windows += 1
                store.markFired(window)
                store.dropExpired()
                if store.isEmpty { merger.reset() }
            }
        }
        #expect(windows > 10)
    }

    private func contents(
        _ merger: SlidingMerger<Int, Collect<Row, Int>>
    ) throws -> [Int: [Int]] {
        var found: [Int: [Int]] = [:]
        for entry in 0..<merger.entryCount {
            guard let (key, values) = try merger.accumulator(at: entry) else { continue }
            #expect(found[key] == nil)
            found[key] = values
        }
        return found
    }

    /// Each key's values in the window: slice after slice, within a slice in the order of arrival.
    private func naive(_ rows: [Row], in window: Window, width: Int64) -> [Int: [Int]] {
        var found: [Int: [Int]] = [:]
        let inside = rows.filter {
            $0.time >= window.start.microseconds && $0.time < window.end.microseconds
        }
        let slices = Dictionary(grouping: inside) {
            Timestamp(microseconds: $0.time).floor(to: .microseconds(width))
        }
        for (_, rows) in slices.sorted(by: { $0.key < $1.key }) {
            for row in rows { found[row.key, default: []].append(row.value) }
        }
        return found
    }

    @Test func `costs a merge or two for each entry, whatever the number of slices`() throws {
        final class Calls: @unchecked Sendable { var merges = 0 }
        let calls = Calls()
        let counting = Fold<Int, Int, Int>(
            0, add: { $0 += $1 },
            merge: {
                $0 += $1
                calls.merges += 1
            }, result: { $0 })
        let store = SliceStore<Int, Int>(.sliding(.microseconds(200), every: .microseconds(1)))
        let merger = SlidingMerger<Int, Fold<Int, Int, Int>>(counting)
        for time in 0..<2_000 as Range<Int64> {
            guard case .slice(let slice) = store.place(Timestamp(microseconds: time)) else {
                continue
            }
            try slice.table.update(0, hash: 0.stableHash, initial: { 0 }) { $0 += 1 }
        }
        var fired = 0
        while let window = store.nextDueWindow(at: Timestamp(microseconds: 1_999)) {
            try merger.move(to: window, in: store)
            let found = try merger.accumulator(at: 0).map(\.1)
            #expect(found == min(200, fired + 1))
            fired += 1
            store.markFired(window)
            store.dropExpired()
        }
        #expect(fired == 2_000)
        // Two for each of 2,000 slices as they come and turn over, one for each window read.
        #expect(calls.merges <= 3 * 2_000)
    }
}
