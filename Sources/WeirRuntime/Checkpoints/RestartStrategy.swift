import WeirCore

/// What a job does after a failure: how often it starts again, and after how long.
///
/// A restart goes on from the last complete checkpoint. A run without checkpoints never restarts.
public enum RestartStrategy: Sendable, Hashable {
    /// The first failure ends the job.
    case never
    /// Starts again after a fixed span, so many times.
    case fixedDelay(Duration, attempts: Int)
    /// Starts again after spans that grow by `factor` from `initial` to `maximum`, each made up to
    /// `jitter` (0 … 1) longer or shorter at random, so that jobs that failed together do not return
    /// together; the spans begin anew when a checkpoint has been completed since. `attempts`:
    /// failures in a row without one that end the job; `nil`: any number.
    case exponentialBackoff(
        initial: Duration = .seconds(1), maximum: Duration = .seconds(60), factor: Double = 2,
        jitter: Double = 0.1, attempts: Int? = 10)
    /// Starts again after `delay`, unless there were more than so many failures within `span`.
    case failureRate(failures: Int, within: Duration, delay: Duration)
}

/// Decides, for one run, whether and when it starts again.
struct RestartDecision {
    private let strategy: RestartStrategy
    private var failures: [UInt64] = []
    private var inRow = 0

    init(_ strategy: RestartStrategy) { self.strategy = strategy }

    /// Notes a failure.
    ///
    /// - Parameters:
    ///   - now: The executor's time, in nanoseconds.
    ///   - madeProgress: Whether a checkpoint was completed since the last failure.
    ///   - random: A number in 0 ..< 1.
    /// - Returns: After how long to start again; `nil`: not at all.
    mutating func delay(at now: UInt64, madeProgress: Bool, random: Double) -> Duration? {
        inRow = madeProgress ? 1 : inRow + 1
        failures.append(now)
        switch strategy {
        case .never: return nil
        case .fixedDelay(let delay, let attempts):
            return failures.count <= attempts ? delay : nil
        case .exponentialBackoff(let initial, let maximum, let factor, let jitter, let attempts):
            guard inRow <= attempts ?? .max else { return nil }
            var span = initial
            for _ in 1..<max(1, min(inRow, 64)) where span < maximum { span = span * factor }
            return min(span, maximum) * (1 + jitter * (2 * random - 1))
        case .failureRate(let limit, let span, let delay):
            let window = UInt64(max(0, span.wholeMicroseconds)) * 1_000
            failures.removeAll { $0 + window < now }
            return failures.count <= limit ? delay : nil
        }
    }
}
