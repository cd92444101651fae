public import WeirCore

/// Puts a step through one ordeal: the same input with records singly and all at once, with an output
/// that takes everything, refuses every second call, and refuses always; for batches of one row, of
/// three, and of the usual size. Its output must be the same each time.
///
/// - Parameters:
///   - input: Records and marks, in order.
///   - make: Makes the step anew for each round.
/// - Returns: What came out, the same in each round.
/// - Throws: ``OrdealFailure`` when two rounds differ; ``StepContractViolation`` when the step does
///   not keep to the contract; what the step throws.
@discardableResult
public func verify<Input, Output: Equatable>(
    _ input: [Emission<Input>], _ make: (SubtaskContext, Step<Output>) throws -> Step<Input>
) throws -> [Emission<Output>] {
    try compareRounds { round in
        let harness = try StepHarness(
            .forTesting(batchSize: round.batchSize), refusing: round.refusal, make)
        let feeder = Feeder(harness.input, isSingly: round.isSingly)
        for item in input { try feeder.send(item) }
        try feeder.finish()
        return harness.emissions
    }
}

/// What goes into one of two ports.
public enum PortEmission<Left, Right> {
    /// Into the first.
    case left(Emission<Left>)
    /// Into the second.
    case right(Emission<Right>)
}

/// Puts a step with two ports through the ordeal; a mark to one port hands over what was collected for both.
@discardableResult
public func verify<Left, Right, Output: Equatable>(
    _ input: [PortEmission<Left, Right>],
    _ make: (SubtaskContext, Step<Output>) throws -> (Step<Left>, Step<Right>)
) throws -> [Emission<Output>] {
    try compareRounds { round in
        let harness = try TwoPortHarness(
            .forTesting(batchSize: round.batchSize), refusing: round.refusal, make)
        let left = Feeder(harness.left, isSingly: round.isSingly)
        let right = Feeder(harness.right, isSingly: round.isSingly)
        for item in input {
            switch item {
            case .left(let emission):
                try right.finish()
                try left.send(emission)
            case .right(let emission):
                try left.finish()
                try right.send(emission)
            }
        }
        try left.finish()
        try right.finish()
        return harness.output.emissions
    }
}

/// One way of going through the ordeal.
public struct OrdealRound: Hashable, Sendable, CustomStringConvertible {
    /// Whether each record is a batch of its own; otherwise batches end only at marks.
    public let isSingly: Bool
    /// How often the output refuses.
    public let refusal: Refusal
    /// The rows that the step's own batches should have.
    public let batchSize: Int

    /// All rounds, the plainest first.
    public static var all: [OrdealRound] {
        [1_024, 3, 1].flatMap { batchSize in
            Refusal.allCases.flatMap { refusal in
                [false, true].map {
                    OrdealRound(isSingly: $0, refusal: refusal, batchSize: batchSize)
                }
            }
        }
    }

    public var description: String {
        "records \(isSingly ? "singly" : "all at once"), output refuses \(refusal), "
            + "batches of \(batchSize)"
    }
}

/// A step put out something else in one round of the ordeal than in the first.
public struct OrdealFailure: Error, Sendable, CustomStringConvertible {
    /// The round in which it differed.
    public let round: OrdealRound
    /// What came out in the first round, as text.
    public let expected: String
    /// What came out in this one.
    public let found: String

    public var description: String {
        "the output differs (\(round)): expected \(expected), found \(found)"
    }
}

private func compareRounds<Output: Equatable>(
    _ run: (OrdealRound) throws -> [Emission<Output>]
) throws -> [Emission<Output>] {
    var expected: [Emission<Output>]?
    for round in OrdealRound.all {
        let found = try run(round)
        if let expected, expected != found {
            throw OrdealFailure(round: round, expected: "\(expected)", found: "\(found)")
        }
        expected = expected ?? found
    }
    return expected ?? []
}

/// Sends records one at a time, or collects them until a mark.
private final class Feeder<Element> {
    private let driver: InputDriver<Element>
    private let isSingly: Bool
    private var collected: [(Element, at: Timestamp)] = []

    init(_ driver: InputDriver<Element>, isSingly: Bool) {
        self.driver = driver
        self.isSingly = isSingly
    }

    func send(_ item: Emission<Element>) throws {
        switch item {
        case .record(let record, let time):
            if isSingly {
                try driver.send(record, at: time)
            } else {
                collected.append((record, at: time))
            }
        case .signal(let signal):
            try finish()
            try driver.send(signal)
        }
    }

    func finish() throws {
        try driver.send(collected)
        collected = []
    }
}
