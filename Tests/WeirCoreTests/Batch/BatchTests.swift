import Testing
import WeirCore

/// Counts how many of its elements are alive.
private final class Census {
    var alive = 0
}

private final class Tracked: Equatable {
    let value: Int
    private let census: Census

    init(_ value: Int, _ census: Census) {
        self.value = value
        self.census = census
        census.alive += 1
    }

    deinit { census.alive -= 1 }

    static func == (left: Tracked, right: Tracked) -> Bool { left.value == right.value }
}

private struct Refused: Error {}

private func batch(of values: some Sequence<Int>, _ census: Census) -> Batch<Tracked> {
    var batch = Batch<Tracked>()
    for value in values {
        batch.append(Tracked(value, census), at: Timestamp(microseconds: Int64(value) * 10))
    }
    return batch
}

extension Batch where Element == Tracked {
    fileprivate borrowing func values() -> [Int] {
        var values: [Int] = []
        for row in indices { values.append(self[row].value) }
        return values
    }
}

extension Batch {
    /// The times, in microseconds.
    fileprivate borrowing func times() -> [Int64] {
        var times: [Int64] = []
        for row in indices { times.append(time(at: row).microseconds) }
        return times
    }

    fileprivate borrowing func hashColumn() -> [UInt64] {
        var column: [UInt64] = []
        for row in indices { column.append(hash(at: row)) }
        return column
    }
}

@Suite struct `A batch` {
    private let census = Census()

    private func expectNoneAlive(_ sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(census.alive == 0, "elements leaked", sourceLocation: sourceLocation)
    }

    @Test(arguments: [0, 1, 16, 17, 1_000])
    func `grows as rows are appended and frees them all`(count: Int) {
        do {
            let batch = batch(of: 0..<count, census)
            #expect(batch.count == count && batch.isEmpty == (count == 0))
            #expect(batch.capacity >= count)
            #expect(batch.values() == Array(0..<count))
            #expect(batch.times() == (0..<count).map { Int64($0) * 10 })
            #expect(census.alive == count)
        }
        expectNoneAlive()
    }

    @Test func `grows with its hashes`() {
        do {
            var batch = batch(of: 0..<20, census)
            batch.assignHashes { UInt64($0.value) + 100 }
            batch.reserveCapacity(500)
            #expect(batch.capacity == 500 && batch.hasHashes)
            #expect(batch.hashColumn() == (100..<120).map { UInt64($0) })
            #expect(batch.values() == Array(0..<20))
        }
        expectNoneAlive()
    }

    @Test func `appendRows makes rows in place, after those there are`() {
        do {
            var batch = batch(of: 0..<3, census)
            batch.assignHashes { UInt64($0.value) }
            batch.appendRows(40, at: .latest) { Tracked(100 + $0, census) }
            #expect(batch.values() == [0, 1, 2] + Array(100..<140))
            #expect(batch.times() == [0, 10, 20] + Array(repeating: .max, count: 40))
            #expect(!batch.hasHashes && census.alive == 43)
            batch.appendRows(0, at: .latest) { Tracked($0, census) }
            #expect(batch.count == 43)
        }
        expectNoneAlive()
    }

    @Test func `removeAll frees the elements and keeps the memory`() {
        var batch = batch(of: 0..<100, census)
        let capacity = batch.capacity
        batch.removeAll()
        expectNoneAlive()
        #expect(batch.isEmpty && batch.capacity == capacity)
    }

    @Test(arguments: [0, 1, 7, 40]) func `removeFirst drops the first rows`(dropped: Int) {
        do {
            var batch = batch(of: 0..<40, census)
            batch.assignHashes { UInt64($0.value) }
            batch.removeFirst(dropped)
            #expect(batch.values() == Array(dropped..<40))
            #expect(batch.times() == (dropped..<40).map { Int64($0) * 10 })
            #expect(batch.hashColumn() == (dropped..<40).map { UInt64($0) })
            #expect(census.alive == 40 - dropped)
        }
        expectNoneAlive()
    }

    @Test func `copyRows appends copies and leaves the rows`() {
        do {
            var source = batch(of: 0..<5, census)
            source.split = 3
            var target = batch(of: 10..<12, census)
            source.copyRows(to: &target)
            #expect(target.values() == [10, 11, 0, 1, 2, 3, 4] && target.split == 3)
            #expect(target.times() == [100, 110, 0, 10, 20, 30, 40])
            #expect(source.values() == [0, 1, 2, 3, 4] && census.alive == 7)
        }
        expectNoneAlive()
    }

    @Test(arguments: [0, 2, 5]) func `moveRows takes the last rows`(start: Int) {
        do {
            var source = batch(of: 0..<5, census)
            var target = batch(of: [10], census)
            target.moveRows(from: &source, startingAt: start)
            #expect(target.values() == [10] + Array(start..<5))
            #expect(target.times() == [100] + (start..<5).map { Int64($0) * 10 })
            #expect(source.values() == Array(0..<start) && census.alive == 6)
        }
        expectNoneAlive()
    }
}

extension `A batch` {
    @Test(arguments: [0, 20, 64])
    func `mapRows moves times, with output of any capacity`(outputCapacity: Int) throws {
        do {
            var source = batch(of: 0..<20, census)
            source.assignHashes { UInt64($0.value) }
            source.split = 2
            var output = Batch<Tracked>(capacity: outputCapacity)
            output.append(Tracked(99, census), at: .epoch)
            try source.mapRows(into: &output) { Tracked($0.value * 2, census) }
            #expect(source.isEmpty && !source.hasHashes && census.alive == 20)
            #expect(output.values() == (0..<20).map { $0 * 2 } && output.split == 2)
            #expect(output.times() == (0..<20).map { Int64($0) * 10 })
            // The emptied batch is fit to be filled again.
            source.append(Tracked(7, census), at: .latest)
            #expect(source.values() == [7] && source.time(at: 0) == .latest)
        }
        expectNoneAlive()
    }

    @Test(arguments: [0, 5, 19])
    func `mapRows leaks nothing when the transform throws`(failing: Int) {
        do {
            var source = batch(of: 0..<20, census)
            source.assignHashes { UInt64($0.value) }
            var output = Batch<Tracked>(capacity: 32)
            let error = #expect(throws: RecordError.self) {
                try source.mapRows(into: &output) {
                    if $0.value == failing { throw Refused() }
                    return Tracked($0.value + 100, census)
                }
            }
            #expect(error?.cause is Refused)
            #expect(output.values() == Array(100..<(100 + failing)))
            #expect(output.times() == (0..<failing).map { Int64($0) * 10 })
            #expect(source.isEmpty && !source.hasHashes && census.alive == failing)
        }
        expectNoneAlive()
    }

    @Test func `keepRows keeps order, in place`() throws {
        do {
            var batch = batch(of: 0..<50, census)
            let dropped = try batch.keepRows { $0.value % 3 == 1 }
            #expect(batch.values() == Array(stride(from: 1, to: 50, by: 3)))
            #expect(batch.times() == stride(from: 10, to: 500, by: 30).map { Int64($0) })
            #expect(dropped == 50 - batch.count && census.alive == batch.count)
            #expect(try batch.keepRows { _ in true } == 0)
            #expect(try batch.keepRows { _ in false } == 17 && batch.isEmpty)
        }
        expectNoneAlive()
    }

    @Test(arguments: [0, 6, 19])
    func `keepRows leaks nothing when the predicate throws`(failing: Int) {
        do {
            var batch = batch(of: 0..<20, census)
            #expect(throws: RecordError.self) {
                _ = try batch.keepRows {
                    if $0.value == failing { throw Refused() }
                    return $0.value % 2 == 0
                }
            }
            #expect(batch.values() == Array(stride(from: 0, to: failing, by: 2)))
            #expect(census.alive == batch.count)
        }
        expectNoneAlive()
    }

    @Test func `assignTimes answers the latest time`() throws {
        var batch = batch(of: [3, 1, 2], census)
        #expect(
            try batch.assignTimes { Timestamp(seconds: -Int64($0.value)) } == Timestamp(seconds: -1)
        )
        #expect(batch.times() == [-3_000_000, -1_000_000, -2_000_000])
        var empty = Batch<Tracked>()
        #expect(try empty.assignTimes { _ in .epoch } == .earliest)
        #expect(throws: RecordError.self) { _ = try batch.assignTimes { _ in throw Refused() } }
    }

    @Test func `drainRows hands over every row in order`() throws {
        var seen: [Int] = []
        var times: [Int64] = []
        var batch = batch(of: 0..<20, census)
        try batch.drainRows { element, time in
            seen.append(element.value)
            times.append(time.microseconds)
        }
        #expect(seen == Array(0..<20) && times == (0..<20).map { Int64($0) * 10 })
        #expect(batch.values() == [])
        expectNoneAlive()
    }

    @Test(arguments: [0, 6, 19])
    func `drainRows leaks nothing when the body throws`(failing: Int) {
        var batch = batch(of: 0..<20, census)
        var kept: [Tracked] = []
        #expect(throws: Refused.self) {
            try batch.drainRows { element, _ in
                if element.value == failing { throw Refused() }
                kept.append(element)
            }
        }
        #expect(batch.isEmpty && kept.map(\.value) == Array(0..<failing))
        #expect(census.alive == failing)
        kept = []
        expectNoneAlive()
    }

    @Test func `scatterRows moves each row where its hash says`() {
        do {
            var source = batch(of: 0..<100, census)
            source.assignHashes { UInt64($0.value) &* 7 }
            let targets = UnsafeMutablePointer<Batch<Tracked>>.allocate(capacity: 3)
            for index in 0..<3 { (targets + index).initialize(to: Batch(capacity: index * 40)) }
            source.scatterRows(to: targets) { Int($0 % 3) }
            for index in 0..<3 {
                let expected = (0..<100).filter { $0 * 7 % 3 == index }
                #expect(targets[index].values() == expected)
                #expect(targets[index].times() == expected.map { Int64($0) * 10 })
                #expect(targets[index].hashColumn() == expected.map { UInt64($0) * 7 })
            }
            #expect(source.isEmpty && !source.hasHashes && census.alive == 100)
            targets.deinitialize(count: 3)
            targets.deallocate()
        }
        expectNoneAlive()
    }

    @Test func `has no hashes when rows come after hashes were assigned to none`() {
        var batch = Batch<Int>()
        batch.assignHashes { $0.stableHash }
        batch.append(7, at: .epoch)
        let hasHashes = batch.hasHashes
        #expect(!hasHashes)
    }
}
