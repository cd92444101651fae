import Testing
import WeirCore

@testable import WeirRuntime

/// What checkpoints had before it was enough to know that there is a right record.
private struct EarlierAccumulator {
    var lefts: [Int]
    var rights: [Int]
}

extension EarlierAccumulator: StateComposite {
    static func stateCodec() throws -> StateCodec<EarlierAccumulator> {
        try .record(
            "JoinAccumulator", StateField("lefts") { $0.lefts }, StateField("rights") { $0.rights }
        ) { EarlierAccumulator(lefts: $0, rights: $1) }
    }
}

@Suite struct `The records of a join's window` {
    private typealias Accumulator = JoinAccumulator<Int, Int>

    private func rows(_ accumulator: Accumulator, _ kind: JoinKind) throws -> [[Int?]] {
        var output = Batch<[Int?]>()
        var position = 0
        while try !accumulator.emit(
            kind, at: .epoch, position: &position, into: &output, limit: output.count + 1,
            { [$0, $1] })
        {}
        var rows: [[Int?]] = []
        try output.drainRows { row, _ in rows.append(row) }
        return rows
    }

    @Test(arguments: [[], [7]])
    func `are read from checkpoints that have the first right one`(rights: [Int]) throws {
        let earlier = try StateCodec<EarlierAccumulator>.find()
        var writer = StateWriter()
        try earlier.write(EarlierAccumulator(lefts: [1, 2], rights: rights), &writer)
        let read = try StateCodec<Accumulator>.find().reader(of: earlier.shape)
        var found = try StateReader.reading(writer.bytes) { try read(&$0) }
        let lefts: [[Int?]] = [[1, nil], [2, nil]]
        #expect(try rows(found, .semi) == (rights.isEmpty ? [] : lefts))
        #expect(try rows(found, .anti) == (rights.isEmpty ? lefts : []))
        JoinAggregate<Int, Int>(.semi).add(.right(8), to: &found)
        #expect(try rows(found, .semi) == lefts && rows(found, .anti) == [])
        #expect(found.rights.count == rights.count)
    }

    @Test(arguments: [JoinKind.semi, .anti])
    func `have a partner if either part has`(kind: JoinKind) throws {
        let aggregate = JoinAggregate<Int, Int>(kind)
        for (isFirst, isSecond) in [(false, false), (true, false), (false, true), (true, true)] {
            var parts = [Accumulator(lefts: [1]), Accumulator(lefts: [2])]
            if isFirst { aggregate.add(.right(5), to: &parts[0]) }
            if isSecond { aggregate.add(.right(6), to: &parts[1]) }
            aggregate.merge(parts[1], into: &parts[0])
            let isMatched = isFirst || isSecond
            let isKept = kind == .semi ? isMatched : !isMatched
            #expect(try rows(parts[0], kind) == (isKept ? [[1, nil], [2, nil]] : []))
        }
    }
}
