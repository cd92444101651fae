import Testing
import WeirCore

@Suite struct `Draining a batch until told to stop` {
    private final class Tracked {
        let number: Int
        init(_ number: Int) { self.number = number }
    }

    private func filled(_ count: Int) -> Batch<Tracked> {
        var batch = Batch<Tracked>()
        for number in 0..<count {
            batch.append(Tracked(number), at: Timestamp(microseconds: Int64(number)))
        }
        batch.assignHashes { UInt64($0.number) * 3 }
        return batch
    }

    @Test(arguments: [0, 1, 4, 9, 10])
    func `leaves the rows that were not given, with times and hashes`(stop: Int) throws {
        var batch = filled(10)
        var given: [Int] = []
        let isDone = try batch.drainHashedRows { element, time, hash in
            given.append(element.number)
            #expect(time.microseconds == Int64(element.number))
            #expect(hash == UInt64(element.number) * 3)
            return given.count <= stop
        }
        let taken = min(10, stop + 1)
        #expect(given == Array(0..<taken) && isDone == (stop == 10))
        #expect(batch.indices.map { batch[$0].number } == Array(taken..<10))
        #expect(
            batch.indices.map { batch.time(at: $0).microseconds } == (taken..<10).map(Int64.init))
        #expect(batch.hasHashes == (taken < 10))
        if batch.hasHashes {
            #expect(batch.indices.map { batch.hash(at: $0) } == (taken..<10).map { UInt64($0) * 3 })
        }
    }

    @Test func `has no rows left, and has freed them, after an error`() {
        struct Stop: Error {}
        var batch = filled(0)
        weak var last: Tracked?
        for number in 0..<5 {
            let element = Tracked(number)
            last = element
            batch.append(element, at: .epoch)
        }
        batch.assignHashes { _ in 0 }
        #expect(throws: Stop.self) {
            try batch.drainHashedRows { element, _, _ in
                if element.number == 2 { throw Stop() }
                return true
            }
        }
        #expect(batch.isEmpty && !batch.hasHashes && last == nil)
    }

    @Test func `is done at once when there are no rows`() throws {
        var batch = Batch<Int>()
        #expect(try batch.drainHashedRows { _, _, _ in false })
    }

    @Test(arguments: [0, 1, 4, 9, 10])
    func `by places leaves the rows that were not given, and drops what was not moved`(
        stop: Int
    ) throws {
        var batch = filled(10)
        var kept: [Tracked] = []
        weak var dropped: Tracked?
        var given = 0
        let isDone = try batch.drainHashedPlaces { element, isMoved, time, hash in
            let number = element.pointee.number
            #expect(number == given && time.microseconds == Int64(given))
            #expect(hash == UInt64(given) * 3)
            given += 1
            if number.isMultiple(of: 2) {
                isMoved = true
                kept.append(element.move())
            } else {
                dropped = element.pointee
            }
            return given <= stop
        }
        let taken = min(10, stop + 1)
        #expect(isDone == (stop == 10) && dropped == nil)
        #expect(kept.map(\.number) == (0..<taken).filter { $0.isMultiple(of: 2) })
        #expect(batch.indices.map { batch[$0].number } == Array(taken..<10))
        #expect(batch.hasHashes == (taken < 10))
    }

    @Test(arguments: [false, true])
    func `by places has no rows left, and has freed them, after an error`(
        isMovedBefore: Bool
    ) {
        struct Stop: Error {}
        var batch = filled(0)
        var weakly: [() -> Tracked?] = []
        for number in 0..<5 {
            let element = Tracked(number)
            weakly.append { [weak element] in element }
            batch.append(element, at: .epoch)
        }
        batch.assignHashes { _ in 0 }
        #expect(throws: Stop.self) {
            try batch.drainHashedPlaces { element, isMoved, _, _ in
                if element.pointee.number == 2 {
                    if isMovedBefore {
                        isMoved = true
                        element.deinitialize(count: 1)
                    }
                    throw Stop()
                }
                return true
            }
        }
        #expect(batch.isEmpty && !batch.hasHashes && weakly.allSatisfy { $0() == nil })
    }

    @Test func `lends an element, which is in its place again afterwards, also after an error`()
        throws
    {
        struct Stop: Error {}
        var batch = filled(2)
        #expect(batch.withRow(1) { $0.number } == 1)
        #expect(throws: Stop.self) { try batch.withRow(0) { _ in throw Stop() } }
        #expect(batch.indices.map { batch[$0].number } == [0, 1])
        let first = { [weak element = batch[0]] in element }
        batch.removeAll()
        #expect(first() == nil)
    }
}
