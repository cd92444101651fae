public import WeirCore

/// Puts a step through one ordeal: the same input with records singly and all at once, with an output
/// that takes everything, refuses every second call, and refuses always; for batches of one row, of
/// three, and of the usual size. Its output must be the same each time.
///
/// In further rounds the step is thrown away again and again, and another takes its place: its state
/// is saved as by a checkpoint, and restored. What comes out, and the counters, must be as if nothing
/// had happened.
///
/// - Parameters:
///   - input: Records and marks, in order.
///   - restoring: How far the output of restored steps must be that of one that goes on; `nil`: the
///     step is never restored.
///   - make: Makes the step anew for each round, and in the place of one that was thrown away.
/// - Returns: What came out, the same in each round.
/// - Throws: ``OrdealFailure`` when two rounds differ; ``StepContractViolation`` when the step does
///   not keep to the contract; `StateFormatError` when its state cannot be saved; what the step throws.
@discardableResult
public func verify<Input, Output: Equatable>(
    _ input: [Emission<Input>], restoring: RestoredOrder? = .same,
    _ make: @escaping (SubtaskContext, Step<Output>) throws -> Step<Input>
) throws -> [Emission<Output>] {
    try compareRounds(restoring) { round, isRestored in
        let subject = try OrdealSubject(round, isRestored: isRestored) {
            context, refusal -> OrdealIncarnation<Output, InputDriver<Input>> in
            let harness = try StepHarness(context, refusing: refusal, make)
            return .init(harness.context, harness.output, harness.input, [harness.input])
        }
        let feeder = Feeder<Input>(isSingly: round.isSingly) { isEnd, call in
            try subject.call(isEnd: isEnd) { try call($0) }
        }
        for item in input { try feeder.send(item) }
        try feeder.finish()
        return try subject.outcome()
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
    _ input: [PortEmission<Left, Right>], restoring: RestoredOrder? = .same,
    _ make: @escaping (SubtaskContext, Step<Output>) throws -> (Step<Left>, Step<Right>)
) throws -> [Emission<Output>] {
    typealias Ports = (left: InputDriver<Left>, right: InputDriver<Right>)
    return try compareRounds(restoring) { round, isRestored in
        let subject = try OrdealSubject(round, isRestored: isRestored) {
            context, refusal -> OrdealIncarnation<Output, Ports> in
            let harness = try TwoPortHarness(context, refusing: refusal, make)
            return .init(
                harness.context, harness.output, (harness.left, harness.right),
                [harness.left, harness.right])
        }
        let left = Feeder<Left>(isSingly: round.isSingly) { isEnd, call in
            try subject.call(isEnd: isEnd) { try call($0.left) }
        }
        let right = Feeder<Right>(isSingly: round.isSingly) { isEnd, call in
            try subject.call(isEnd: isEnd) { try call($0.right) }
        }
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
        return try subject.outcome()
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
    /// After which calls its input pauses, and, in a run with restores, the step is thrown away.
    public let rhythm: RestoreRhythm?

    /// The rounds in which nothing is restored, the plainest first.
    public static var all: [OrdealRound] {
        [1_024, 3, 1].flatMap { batchSize in
            Refusal.allCases.flatMap { refusal in
                [false, true].map {
                    OrdealRound(
                        isSingly: $0, refusal: refusal, batchSize: batchSize, rhythm: nil)
                }
            }
        }
    }

    /// The rounds in which steps are restored.
    public static var restored: [OrdealRound] {
        let rounds: [(Bool, Refusal, Int, RestoreRhythm)] = [
            (true, .never, 1_024, .every(1)), (false, .always, 1, .every(1)),
            (true, .everySecondCall, 3, .every(3)), (true, .always, 3, .random(seed: 1)),
            (false, .never, 1_024, .random(seed: 2)),
        ]
        return rounds.map {
            OrdealRound(isSingly: $0.0, refusal: $0.1, batchSize: $0.2, rhythm: $0.3)
        }
    }

    public var description: String {
        "records \(isSingly ? "singly" : "all at once"), output refuses \(refusal), "
            + "batches of \(batchSize)" + (rhythm.map { ", restored \($0)" } ?? "")
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
    _ restoring: RestoredOrder?,
    _ run: (OrdealRound, _ isRestored: Bool) throws -> OrdealOutcome<Output>
) throws -> [Emission<Output>] {
    var expected: [Emission<Output>]?
    for round in OrdealRound.all {
        let found = try run(round, false).emissions
        if let expected, expected != found {
            throw OrdealFailure(round: round, expected: "\(expected)", found: "\(found)")
        }
        expected = expected ?? found
    }
    for round in OrdealRound.restored {
        guard let restoring else { break }
        // With the same pauses of the input: a step may hand on more when there is one.
        let straight = try run(round, false)
        let found = try run(round, true)
        guard restoring.accepts(found.emissions, for: straight.emissions),
            found.counters == straight.counters
        else {
            throw OrdealFailure(round: round, expected: "\(straight)", found: "\(found)")
        }
    }
    return expected ?? []
}

/// Sends records one at a time, or collects them until a mark.
private final class Feeder<Element> {
    typealias Call = (InputDriver<Element>) throws -> Void
    private let deliver: (_ isEnd: Bool, @escaping Call) throws -> Void
    private let isSingly: Bool
    private var collected: [(Element, at: Timestamp)] = []

    init(isSingly: Bool, deliver: @escaping (_ isEnd: Bool, @escaping Call) throws -> Void) {
        self.isSingly = isSingly
        self.deliver = deliver
    }

    func send(_ item: Emission<Element>) throws {
        switch item {
        case .record(let record, let time):
            collected.append((record, at: time))
            if isSingly { try finish() }
        case .signal(let signal):
            try finish()
            try deliver(signal == .end) { try $0.send(signal) }
        }
    }

    func finish() throws {
        guard !collected.isEmpty else { return }
        let records = collected
        collected = []
        try deliver(false) { try $0.send(records) }
    }
}
