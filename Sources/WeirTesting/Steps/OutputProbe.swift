public import WeirCore

/// How often an ``OutputProbe`` answers that it is full.
public enum Refusal: Hashable, Sendable, CaseIterable {
    /// Never.
    case never
    /// At every second batch and every second mark, which it has then taken all the same, as the
    /// contract says; the call of `resume` that follows answers `done`.
    case everySecondCall
    /// At every batch and mark, and `resume` answers `suspended` once before it answers `done`.
    case always
}

/// The end of a chain under test: remembers, in order, all that a step puts out, and checks that the
/// step keeps to the contract.
///
/// For one thread.
public final class OutputProbe<Element> {
    /// Records and marks in the order in which they came; `flush` and
    /// `tick` are no marks in the stream and are counted in ``flushes`` and ``ticks`` instead.
    public private(set) var emissions: [Emission<Element>] = []
    /// For each emission, the frame of a played timeline in which it came; 0 where none is played.
    private(set) var emissionFrames: [Int] = []
    /// The frame that is being played.
    var frame = 0
    /// The number of flushes.
    public private(set) var flushes = 0
    /// The number of ticks.
    public private(set) var ticks = 0
    /// The number of rows in each batch.
    public private(set) var batchSizes: [Int] = []
    private let refusal: Refusal
    private var calls = 0
    private var resumesLeft = 0
    private var hasEnded = false

    /// Makes a probe that refuses as often as that.
    public init(refusing refusal: Refusal = .never) { self.refusal = refusal }

    /// The records, without times and marks.
    public var records: [Element] { emissions.compactMap(\.record) }
    /// The marks, without records.
    public var signals: [Signal] {
        emissions.compactMap {
            guard case .signal(let signal) = $0 else { return nil }
            return signal
        }
    }
    /// Forgets what came so far.
    public func removeAll() {
        emissions = []
        emissionFrames = []
        batchSizes = []
        flushes = 0
        ticks = 0
    }

    /// The step to put below the one under test.
    public var step: Step<Element> {
        Step(
            process: { [self] batch in
                try checkReady("a batch")
                guard !batch.isEmpty else {
                    throw StepContractViolation("an empty batch was handed over")
                }
                batchSizes.append(batch.count)
                try batch.drainRows { note(.record($0, at: $1)) }
                return answer()
            },
            signal: { [self] signal in
                try checkReady("\(signal)")
                switch signal {
                case .flush: flushes += 1
                case .tick: ticks += 1
                case .watermark, .idle, .barrier, .end: note(.signal(signal))
                }
                if signal == .end { hasEnded = true }
                return answer()
            },
            resume: { [self] in
                if resumesLeft > 0 { resumesLeft -= 1 }
                return resumesLeft > 0 ? .suspended : .done
            })
    }

    private func note(_ emission: Emission<Element>) {
        emissions.append(emission)
        emissionFrames.append(frame)
    }

    private func checkReady(_ what: String) throws {
        if resumesLeft > 0 {
            throw StepContractViolation("\(what) was handed to an output that is suspended")
        }
        if hasEnded { throw StepContractViolation("\(what) came after the end") }
    }

    private func answer() -> Progress {
        calls += 1
        switch refusal {
        case .never: return .done
        case .everySecondCall:
            guard calls.isMultiple(of: 2) else { return .done }
            resumesLeft = 1
        case .always: resumesLeft = 2
        }
        return .suspended
    }
}
