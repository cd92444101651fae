import Testing
import WeirCore

private struct Refused: Error {}

/// Something that lives as long as what refers to it.
private final class Tracked: Sendable {
    let number: Int
    init(_ number: Int) { self.number = number }
}

/// A batch of records of which each third is wanted, and each ninth has a transform.
@Suite struct `Picking rows out of a batch` {
    private let count = 40
    private var wanted: [Int] { (0..<count).filter { $0 % 3 == 0 } }
    private var picked: [Int] { (0..<count).filter { $0 % 9 == 0 } }

    private func makeBatch(_ records: [Tracked]) -> Batch<Tracked> {
        var batch = Batch<Tracked>()
        for record in records { batch.append(record, at: Self.time(record.number)) }
        return batch
    }

    private static func time(_ row: Int) -> Timestamp { Timestamp(microseconds: Int64(row) * 10) }

    private func expect(_ output: borrowing Batch<Int>, _ numbers: [Int]) {
        #expect(output.indices.map { output[$0] } == numbers)
        #expect(output.indices.map { output.time(at: $0) } == numbers.map(Self.time))
    }

    @Test func `transforms those that are wanted, and drops the others`() throws {
        let records = (0..<count).map { Tracked($0) }
        var batch = makeBatch(records)
        var output = Batch<Int>()
        var asked: [Int] = []
        let dropped = try batch.compactMapRows(into: &output, where: { $0.number % 3 == 0 }) {
            asked.append($0.number)
            return $0.number % 9 == 0 ? $0.number : nil
        }
        #expect(asked == wanted && dropped == count - picked.count && batch.isEmpty)
        expect(output, picked)
    }

    @Test func `leaves a shared batch as it is`() throws {
        let records = (0..<count).map { Tracked($0) }
        let batch = makeBatch(records)
        var output = Batch<Int>()
        var asked: [Int] = []
        let dropped = try batch.compactMapCopies(into: &output, where: { $0.number % 3 == 0 }) {
            asked.append($0.number)
            return $0.number % 9 == 0 ? $0.number : nil
        }
        #expect(asked == wanted && dropped == count - picked.count)
        #expect(batch.indices.map { batch[$0].number } == Array(0..<count))
        expect(output, picked)
    }

    @Test(arguments: [0, 9, 36])
    func `names the record that failed, and never one that is not wanted`(
        failing: Int
    ) throws {
        let transform = { (record: Tracked) throws -> Int? in
            if record.number == failing || record.number % 3 != 0 { throw Refused() }
            return record.number % 9 == 0 ? record.number : nil
        }
        let records = (0..<count).map { Tracked($0) }
        var batch = makeBatch(records)
        var fromShared = Batch<Int>()
        var fromOwned = Batch<Int>()
        let shared = #expect(throws: RecordError.self) {
            try batch.compactMapCopies(into: &fromShared, where: { $0.number % 3 == 0 }, transform)
        }
        let owned = #expect(throws: RecordError.self) {
            try batch.compactMapRows(into: &fromOwned, where: { $0.number % 3 == 0 }, transform)
        }
        #expect(shared?.cause is Refused && owned?.cause is Refused && batch.isEmpty)
        expect(fromShared, picked.filter { $0 < failing })
        expect(fromOwned, picked.filter { $0 < failing })
    }

    @Test func `lets go of every record, wanted or not`() throws {
        var records: [Tracked]? = (0..<count).map { Tracked($0) }
        let isGone = records?.map { record in { [weak record] in record == nil } } ?? []
        var batch = makeBatch(records ?? [])
        records = nil
        var output = Batch<Tracked>()
        _ = try batch.compactMapRows(into: &output, where: { $0.number % 3 == 0 }) {
            $0.number % 9 == 0 ? $0 : nil
        }
        #expect((0..<count).filter { !isGone[$0]() } == picked)
        output.removeAll()
        #expect(isGone.allSatisfy { $0() })
    }
}
