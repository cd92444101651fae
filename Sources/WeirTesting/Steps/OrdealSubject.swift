import WeirCore

/// How far what a restored step puts out must be what it would have put out otherwise.
public enum RestoredOrder: Sendable {
    /// The same records and marks in the same order.
    case same
    /// The same records between the same marks, in any order: for steps that promise none, since they
    /// walk over what they have of each key.
    case anyBetweenMarks

    func accepts<Output: Equatable>(
        _ found: [Emission<Output>], for expected: [Emission<Output>]
    ) -> Bool {
        if found == expected { return true }
        guard self == .anyBetweenMarks, found.count == expected.count else { return false }
        var (left, right): ([Emission<Output>], [Emission<Output>]) = ([], [])
        for (one, other) in zip(found, expected) {
            switch (one, other) {
            case (.record, .record):
                left.append(one)
                right.append(other)
            case (.signal, .signal):
                guard one == other, Self.areAlike(left, right) else { return false }
                (left, right) = ([], [])
            default: return false
            }
        }
        return Self.areAlike(left, right)
    }

    private static func areAlike<Output: Equatable>(
        _ left: [Emission<Output>], _ right: [Emission<Output>]
    ) -> Bool {
        var rest = right
        for one in left {
            guard let index = rest.firstIndex(of: one) else { return false }
            rest.remove(at: index)
        }
        return rest.isEmpty
    }
}

/// After which calls a step is restored.
public enum RestoreRhythm: Hashable, Sendable, CustomStringConvertible {
    /// After every so many.
    case every(Int)
    /// After about every third, by a seeded generator.
    case random(seed: UInt64)

    public var description: String {
        switch self {
        case .every(let count): "after every \(count) calls"
        case .random(let seed): "at random, seed \(seed)"
        }
    }
}

/// What came out of a step in one round of the ordeal, and what it has counted.
struct OrdealOutcome<Output>: CustomStringConvertible {
    let emissions: [Emission<Output>]
    let counters: [Int]

    var description: String { "\(emissions), counters \(counters)" }
}

/// A step with its output and inputs.
struct OrdealIncarnation<Output, Inputs> {
    let context: SubtaskContext
    let output: OutputProbe<Output>
    let inputs: Inputs
    /// The inputs once more, their element types erased.
    let ports: [any OrdealPort]

    init(
        _ context: SubtaskContext, _ output: OutputProbe<Output>, _ inputs: Inputs,
        _ ports: [any OrdealPort]
    ) {
        self.context = context
        self.output = output
        self.inputs = inputs
        self.ports = ports
    }
}

/// An input of a step whose element type is erased.
protocol OrdealPort: AnyObject {
    var hasEnded: Bool { get }
    func send(_ signal: Signal) throws
}

extension InputDriver: OrdealPort {}

/// The step that goes through a round of the ordeal, in one incarnation after another.
///
/// A checkpoint is taken between two calls, after a flush. It is written only after the step has had
/// the next call, so that one is found out which is not kept apart from the state that goes on
/// changing; of a step that is then thrown away, so is what that call put out. Unless the rhythm is
/// one call, every other checkpoint restores nothing, and is the base of the one that does.
final class OrdealSubject<Output, Inputs> {
    typealias Make = (SubtaskContext, Refusal) throws -> OrdealIncarnation<Output, Inputs>
    private let round: OrdealRound
    private let isRestored: Bool
    private let make: Make
    private var current: OrdealIncarnation<Output, Inputs>
    private var emissions: [Emission<Output>] = []
    private var random: SeededGenerator
    private var calls = 0
    private var epoch = Epoch.none
    private var taken: UnwrittenSnapshot?
    /// What the current step had put out by then, which of its ports had ended, and the time.
    private var emitted: [Emission<Output>] = []
    private var endedPorts: [Int] = []
    private var now = Timestamp.epoch
    private var base: StepSnapshot?

    init(_ round: OrdealRound, isRestored: Bool, make: @escaping Make) throws {
        self.round = round
        self.isRestored = isRestored
        self.make = make
        var seed: UInt64 = 0
        if case .random(let chosen) = round.rhythm { seed = chosen }
        random = SeededGenerator(seed: seed)
        current = try make(.forTesting(batchSize: round.batchSize), round.refusal)
    }

    /// Has the step's inputs called.
    func call(isEnd: Bool, _ body: (Inputs) throws -> Void) throws {
        if let taken {
            self.taken = nil
            if isOnlyBase {
                try body(current.inputs)
                base = try taken.written(onto: base)
            } else {
                // What it throws it throws again below. What ends stays so, beside the main output.
                if !isEnd { try? body(current.inputs) }
                try replace(by: taken.written(onto: base))
                try body(current.inputs)
            }
        } else {
            try body(current.inputs)
        }
        calls += 1
        guard isPause(), !hasEnded else { return }
        for port in current.ports where !port.hasEnded { try port.send(.flush) }
        guard isRestored, !hasEnded else { return }
        epoch = epoch.next
        taken = try UnwrittenSnapshot(of: current.context, epoch, since: base?.epoch)
        emitted = current.output.emissions
        endedPorts = current.ports.indices.filter { current.ports[$0].hasEnded }
        now = current.context.clock.now()
    }

    func outcome() throws -> OrdealOutcome<Output> {
        OrdealOutcome(
            emissions: emissions + current.output.emissions,
            counters: current.context.counters.counts)
    }

    private var hasEnded: Bool {
        guard case .signal(.end)? = current.output.emissions.last else { return false }
        return true
    }

    private func isPause() -> Bool {
        switch round.rhythm {
        case nil: false
        case .every(let count): calls.isMultiple(of: count)
        case .random: Int.random(in: 0..<3, using: &random) == 0
        }
    }

    private var isOnlyBase: Bool { round.rhythm != .every(1) && !epoch.number.isMultiple(of: 2) }

    /// Puts a restored step in the place of the current one.
    private func replace(by snapshot: StepSnapshot) throws {
        let context = SubtaskContext.forTesting(
            batchSize: round.batchSize, sideOutputs: current.context.counters.sideOutputs.count,
            now: now)
        emissions += emitted
        current = try make(context, round.refusal)
        try current.context.restore([snapshot], keyGroups: KeyGroups())
        // What is above an input that had ended is restored as well, and says so again.
        for port in endedPorts { try current.ports[port].send(.end) }
        base = nil
    }
}
