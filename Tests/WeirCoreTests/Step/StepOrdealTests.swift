import Testing
import WeirCore
import WeirTesting

/// Records 0 ..< count at their own time, with a watermark after every `markEvery` of them, then
/// the end.
func numbers(_ count: Int, markEvery: Int = 7) -> [Emission<Int>] {
    var input: [Emission<Int>] = []
    for number in 0..<count {
        let time = Timestamp(microseconds: Int64(number))
        input.append(.record(number, at: time))
        if (number + 1).isMultiple(of: markEvery) { input.append(.watermark(time)) }
    }
    return input + [.end]
}

extension [Emission<Int>] {
    /// What a step that replaces each record by others puts out.
    func replacing<Output>(_ transform: (Int) -> [Output]) -> [Emission<Output>] {
        flatMap { item -> [Emission<Output>] in
            switch item {
            case .record(let record, let time): transform(record).map { .record($0, at: time) }
            case .signal(let signal): [.signal(signal)]
            }
        }
    }
}

@Suite struct `A step, in whatever portions and against whatever refusals,` {
    private let input = numbers(50)

    @Test func `maps`() throws {
        let found = try verify(input) { mapStep($0, into: $1) { "\($0)" } }
        #expect(found == input.replacing { ["\($0)"] })
    }

    @Test func `filters`() throws {
        let found = try verify(input) { filterStep($0, into: $1) { $0 % 3 == 0 } }
        #expect(found == input.replacing { $0 % 3 == 0 ? [$0] : [] })
    }

    @Test func `drops everything without handing on an empty batch`() throws {
        let found = try verify(input) { filterStep($0, into: $1) { _ in false } }
        #expect(found == input.replacing { _ in [] })
    }

    @Test func `maps and drops what has no transform`() throws {
        let found = try verify(input) {
            compactMapStep($0, into: $1) { $0 % 3 == 0 ? "\($0)" : nil }
        }
        #expect(found == input.replacing { $0 % 3 == 0 ? ["\($0)"] : [] })
    }

    @Test func `passes on`() throws {
        #expect(try verify(input) { passStep($0, into: $1) } == input)
    }

    @Test func `expands, from nothing to many`() throws {
        let found = try verify(input) {
            flatMapStep($0, into: $1) { Array(repeating: $0, count: $0 % 5 * 3) }
        }
        #expect(found == input.replacing { Array(repeating: $0, count: $0 % 5 * 3) })
    }

    @Test func `goes through a chain of steps`() throws {
        let found = try verify(input) { context, next in
            let filter = filterStep(context, into: next) { (number: Int) in number % 2 == 0 }
            let expand = flatMapStep(context, into: filter) { (number: Int) in 0..<number }
            return mapStep(context, into: expand) { (number: Int) in number % 6 }
        }
        #expect(found == input.replacing { (0..<$0 % 6).filter { $0 % 2 == 0 } })
    }

    @Test func `expands one record to a million without keeping them`() throws {
        let context = SubtaskContext.forTesting(batchSize: 512)
        let harness = try StepHarness<Int, Int>(context, refusing: .everySecondCall) {
            flatMapStep($0, into: $1) { 0..<$0 }
        }
        try harness.send([(1_000_000, at: .epoch), (0, at: .epoch), (3, at: .epoch)])
        #expect(harness.output.batchSizes.allSatisfy { $0 <= 512 })
        #expect(harness.output.batchSizes.reduce(0, +) == 1_000_003)
        #expect(Array(harness.records.suffix(4)) == [999_999, 0, 1, 2])
        let counters = context.counters
        #expect(counters.received.current == 3 && counters.passed.current == 3)
        #expect(counters.emitted.current == 1_000_003)
    }

    @Test func `keeps the split of the records that it expands`() throws {
        var splits: [Int32] = []
        let below = Step<Int>(
            process: {
                splits.append($0.split)
                // A batch that comes back keeps the split of what was in it last.
                $0.removeAll()
                $0.split = 99
                return .done
            }, signal: { _ in .done }, resume: { .done })
        let input = InputDriver(
            flatMapStep(.forTesting(), into: below) { (number: Int) in [number] })
        for split in [0, 1, 2] { try input.send(7, split: split) }
        #expect(splits == [0, 1, 2])
    }

    @Test func `keeps its side of the ledger`() throws {
        for refusal in Refusal.allCases {
            let harness = try StepHarness<Int, Int>(refusing: refusal) {
                filterStep($0, into: $1) { $0 % 3 == 0 }
            }
            for number in 0..<10 { try harness.send(number) }
            let counters = harness.context.counters
            #expect(counters.received.current == 10 && counters.passed.current == 4)
            #expect(counters.filtered.current == 6 && counters.emitted.current == 4)
        }
    }

    @Test func `says where and on what record a user's function failed`() throws {
        struct Unlucky: Error, CustomStringConvertible { var description: String { "unlucky" } }
        let expected = "job 'test', operator 'step', subtask 0, on the record 13: unlucky"
        func check(_ make: (SubtaskContext, Step<Int>) throws -> Step<Int>) throws {
            let harness = try StepHarness<Int, Int>(.forTesting(), make)
            let error = #expect(throws: OperatorFailure.self) {
                try harness.send((0..<20).map { ($0, at: .epoch) })
            }
            #expect(error.map { "\($0)" } == expected)
        }
        let fail: (Int) throws -> Bool = { if $0 == 13 { throw Unlucky() } else { true } }
        try check { mapStep($0, into: $1) { try fail($0) ? $0 : 0 } }
        try check { filterStep($0, into: $1, fail) }
        try check { compactMapStep($0, into: $1) { try fail($0) ? $0 : nil } }
        try check { flatMapStep($0, into: $1) { try fail($0) ? [$0] : [] } }
        try check { watermarkStep($0, into: $1, .monotonous) { try fail($0) ? .epoch : .latest } }
    }
}

@Suite struct `A fan-out` {
    @Test(arguments: Refusal.allCases, Refusal.allCases)
    func `serves every branch though others refuse`(first: Refusal, second: Refusal) throws {
        let outputs = [first, second, .never].map { OutputProbe<Int>(refusing: $0) }
        let input = InputDriver(fanOutStep(to: outputs.map(\.step)))
        for item in numbers(40) {
            switch item {
            case .record(let record, let time): try input.send(record, at: time)
            case .signal(let signal): try input.send(signal)
            }
        }
        for output in outputs { #expect(output.emissions == numbers(40)) }
    }

    /// A step that takes whole batches or reads shared ones, and notes how many of each it was given.
    private final class Witness {
        var whole = 0
        var shared = 0
        var rows = 0
        /// How many of its records it hands on at present.
        var copiedShare = 1.0
        private var copied = 0
        private let copiesEvery: Int?

        /// - Parameter copiesEvery: Of how many records it hands one on; `nil`: it says nothing of that.
        init(copiesEvery: Int? = nil) { self.copiesEvery = copiesEvery }

        private func note(_ count: Int) {
            rows += count
            copied += Int((copiedShare * Double(count)).rounded())
        }

        func step(isReading: Bool) -> Step<Int> {
            Step(
                process: { [self] in
                    whole += 1
                    note($0.count)
                    $0.removeAll()
                    return .done
                },
                processShared: isReading
                    ? { [self] in
                        shared += 1
                        note($0.count)
                        return .done
                    } : nil,
                copied: copiesEvery.map { every in { [self] in copied / every } },
                signal: { _ in .done }, resume: { .done })
        }
    }

    @Test(arguments: [
        [true, true, true], [false, true, true], [true, false, false], [false, false],
    ])
    func `shares its batches with those that can read them, and gives each to one`(
        reading: [Bool]
    ) throws {
        let witnesses = reading.map { _ in Witness() }
        let input = InputDriver(
            fanOutStep(to: zip(witnesses, reading).map { $0.step(isReading: $1) }))
        try input.send([(1, at: .epoch), (2, at: .epoch)])
        let taker = reading.lastIndex(of: false) ?? reading.count - 1
        for (index, witness) in witnesses.enumerated() {
            let isShared = reading[index] && index != taker
            #expect(witness.shared == (isShared ? 1 : 0))
            #expect(witness.whole == (isShared ? 0 : 1))
        }
    }

    @Test(arguments: [[2, 50, 10], [50, 2, 10], [50, 10, 2], [10, 50, nil], [nil, 10, 50]])
    func `gives most batches to the branch that would copy most`(copiesEvery: [Int?]) throws {
        let witnesses = copiesEvery.map { Witness(copiesEvery: $0) }
        let input = InputDriver(fanOutStep(to: witnesses.map { $0.step(isReading: true) }))
        let batches = 200
        for _ in 0..<batches { try input.send((0..<100).map { ($0, at: .epoch) }) }
        #expect(
            witnesses.allSatisfy { $0.rows == batches * 100 && $0.whole + $0.shared == batches })
        #expect(witnesses.map(\.whole).reduce(0, +) == batches)
        let most = copiesEvery.compactMap { $0 }.min()
        let winner = copiesEvery.firstIndex(of: most)
        #expect(winner.map { witnesses[$0].whole > batches - 5 } == true)
    }

    /// Each of three in its turn, two of which are one pair to the third, hands on all, and else little, the first
    /// more than the others.
    @Test(arguments: [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
    func `gives the batches to the branch that has come to copy most`(turns: [Int]) throws {
        let witnesses = turns.map { _ in Witness(copiesEvery: 1) }
        let input = InputDriver(fanOutStep(to: witnesses.map { $0.step(isReading: true) }))
        let batches = 640
        for turn in turns {
            for index in witnesses.indices {
                witnesses[index].copiedShare = index == turn ? 1 : index == 0 ? 0.3 : 0.1
            }
            let before = witnesses.map(\.whole)
            for _ in 0..<batches { try input.send((0..<10).map { ($0, at: .epoch) }) }
            let given = witnesses.indices.map { witnesses[$0].whole - before[$0] }
            // Compared every 64 batches, and the first 64 of a turn may be the last one's.
            #expect(given[turn] >= batches - 2 * 64 && given.reduce(0, +) == batches, "\(given)")
        }
    }

    @Test func `follows a branch that comes to copy more than another`() throws {
        let context = SubtaskContext.forTesting(batchSize: 16)
        let outputs = (0..<2).map { _ in OutputProbe<String>() }
        let input = InputDriver(
            fanOutStep(to: [
                compactMapStep(context, into: outputs[0].step) { $0 < 5_000 ? nil : "\($0)" },
                compactMapStep(context, into: outputs[1].step) { $0 < 5_000 ? "\($0)" : nil },
            ]))
        for start in stride(from: 0, to: 10_000, by: 10) {
            try input.send((start..<start + 10).map { ($0, at: .epoch) })
        }
        #expect(outputs[0].records == (5_000..<10_000).map { "\($0)" })
        #expect(outputs[1].records == (0..<5_000).map { "\($0)" })
    }

    @Test func `gives each branch its own strings, whichever of them read shared batches`() throws {
        let context = SubtaskContext.forTesting(batchSize: 4)
        let outputs = (0..<4).map { _ in OutputProbe<String>(refusing: .everySecondCall) }
        let input = InputDriver(
            fanOutStep(to: [
                filterStep(context, into: outputs[0].step) { $0.hasSuffix("3") },
                mapStep(context, into: outputs[1].step) { $0 + "!" },
                passStep(context, into: outputs[2].step),
                compactMapStep(context, into: outputs[3].step) { $0.hasSuffix("5") ? nil : $0 },
            ]))
        let names = (0..<20).map { "a name that is longer than a string holds inline, \($0)" }
        for name in names { try input.send(name) }
        try input.send(.end)
        let found = outputs.map { output in
            output.emissions.compactMap { if case .record(let name, _) = $0 { name } else { nil } }
        }
        #expect(found[0] == names.filter { $0.hasSuffix("3") })
        #expect(found[1] == names.map { $0 + "!" })
        #expect(found[2] == names)
        #expect(found[3] == names.filter { !$0.hasSuffix("5") })
    }
}

@Suite struct `An exchange` {
    private let targets = 3

    private func expected(_ count: Int) -> [[Int]] {
        let groups = KeyGroups()
        return (0..<targets).map { target in
            (0..<count).filter {
                groups.owner(ofGroup: groups.group(ofHash: $0.stableHash), parallelism: targets)
                    == target
            }
        }
    }

    @Test(arguments: OrdealRound.all)
    func `sends each record to the owner of its key, in order, before any mark`(
        round: OrdealRound
    ) throws {
        // Of three targets one never refuses.
        let outputs = [round.refusal, .never, round.refusal].map { OutputProbe<Int>(refusing: $0) }
        let input = InputDriver(
            exchangeStep(
                to: outputs.map(\.step), groups: KeyGroups(), batchSize: round.batchSize
            ) { $0.stableHash })
        let marks = [40, 41, 90].map { Timestamp(microseconds: $0) }
        for (start, mark) in zip([0, 40, 41], marks) {
            let rows = (start..<Int(mark.microseconds)).map {
                ($0, at: Timestamp(microseconds: Int64($0)))
            }
            if round.isSingly {
                for row in rows { try input.send([row]) }
            } else {
                try input.send(rows)
            }
            try input.send(.watermark(mark))
        }
        try input.send(.end)
        for (output, expected) in zip(outputs, expected(90)) {
            #expect(output.records == expected && !expected.isEmpty)
            var latest = Timestamp.earliest
            for item in output.emissions {
                switch item {
                case .record(_, let time): #expect(time >= latest)
                case .signal(.watermark(let mark)): latest = mark
                case .signal: break
                }
            }
            #expect(output.signals == marks.map { .watermark($0) } + [.end])
        }
    }

    @Test(arguments: Refusal.allCases)
    func `sends what it has collected when the input pauses`(refusal: Refusal) throws {
        let outputs = (0..<targets).map { _ in OutputProbe<Int>(refusing: refusal) }
        let input = InputDriver(
            exchangeStep(to: outputs.map(\.step), groups: KeyGroups(), batchSize: 1_000) {
                $0.stableHash
            })
        for number in 0..<20 { try input.send(number) }
        #expect(outputs.allSatisfy { $0.records.isEmpty })
        try input.send(.flush)
        #expect(outputs.map(\.records) == expected(20))
        #expect(outputs.allSatisfy { $0.flushes == 1 })
    }

    @Test(arguments: Refusal.allCases)
    func `deals whole batches in turn when it rebalances`(refusal: Refusal) throws {
        let outputs = (0..<targets).map { _ in OutputProbe<Int>(refusing: refusal) }
        let input = InputDriver(rebalanceStep(to: outputs.map(\.step)))
        for batch in 0..<9 { try input.send((0..<4).map { (batch * 4 + $0, at: .epoch) }) }
        try input.send(.end)
        #expect(outputs.map { $0.records.count } == [12, 12, 12])
        #expect(outputs.flatMap(\.records).sorted() == Array(0..<36))
        #expect(outputs.allSatisfy { $0.signals == [.end] })
    }
}
