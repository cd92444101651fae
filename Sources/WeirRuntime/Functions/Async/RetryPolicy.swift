public import WeirCore

/// How often, and how long after a failure, an asynchronous call is tried again.
public struct RetryPolicy: Sendable {
    /// The most times that a call is tried, the first included.
    public let attempts: Int
    /// How long after the first failure the second attempt starts, before jitter.
    public let initialDelay: Duration
    /// By what each further delay is longer than the one before.
    public let factor: Double
    /// The longest delay.
    public let maximumDelay: Duration
    /// The share of a delay, 0 … 1, by which it is shortened at most, so that calls that failed
    /// together do not all come back together.
    public let jitter: Double
    /// Whether to try again after such an error. A timeout is an ``AsyncTimeout``.
    public let isRetryable: @Sendable (any Error) -> Bool

    /// A call is tried once.
    public static var none: RetryPolicy {
        RetryPolicy(
            attempts: 1, initialDelay: .zero, factor: 1, maximumDelay: .zero, jitter: 0,
            isRetryable: { _ in false })
    }

    /// A call is tried again after a delay that grows by `factor` each time.
    ///
    /// - Parameters:
    ///   - attempts: The most times that a call is tried, the first included; at least 1.
    ///   - jitter: The share of a delay, 0 … 1, by which it is shortened at most.
    ///   - isRetryable: Whether to try again after such an error; unless said otherwise, always.
    public static func exponential(
        attempts: Int, from initialDelay: Duration = .milliseconds(100), factor: Double = 2,
        upTo maximumDelay: Duration = .seconds(30), jitter: Double = 0.2,
        when isRetryable: @escaping @Sendable (any Error) -> Bool = { _ in true }
    ) -> RetryPolicy {
        RetryPolicy(
            attempts: max(1, attempts), initialDelay: max(.zero, initialDelay),
            factor: max(1, factor), maximumDelay: max(.zero, maximumDelay),
            jitter: min(1, max(0, jitter)), isRetryable: isRetryable)
    }

    /// A call is tried again after the same delay each time.
    public static func fixed(
        attempts: Int, every delay: Duration,
        when isRetryable: @escaping @Sendable (any Error) -> Bool = { _ in true }
    ) -> RetryPolicy {
        .exponential(
            attempts: attempts, from: delay, factor: 1, upTo: delay, jitter: 0, when: isRetryable)
    }

    /// How long to wait after a failed attempt.
    ///
    /// The jitter is a hash, not a random number: the same for the same call in each run.
    ///
    /// - Parameters:
    ///   - attempt: The attempt that has failed, from 1.
    ///   - call: Tells calls apart.
    func delay(after attempt: Int, of call: UInt64) -> Duration {
        var span = Double(initialDelay.wholeMicroseconds)
        let longest = Double(maximumDelay.wholeMicroseconds)
        for _ in 1..<max(1, attempt) where span < longest { span *= factor }
        var hasher = StableHasher()
        hasher.combine(call)
        hasher.combine(UInt64(attempt))
        let share = Double(hasher.finalize() >> 11) * 0x1p-53
        return .microseconds(Int64(min(span, longest) * (1 - jitter * share)))
    }
}

/// An asynchronous call has not answered in time.
public struct AsyncTimeout: Error, Equatable, Sendable, CustomStringConvertible {
    /// How long it had.
    public let limit: Duration

    public var description: String { "no answer within \(limit)" }
}

/// An asynchronous call has failed for good.
public struct AsyncCallFailure: Error, Sendable, CustomStringConvertible {
    /// How often it was tried.
    public let attempts: Int
    /// What the last attempt threw; an ``AsyncTimeout`` where it did not answer in time.
    public let cause: any Error

    public var description: String {
        attempts == 1 ? "\(cause)" : "\(cause), at the last of \(attempts) attempts"
    }
}

extension AsyncCallFailure: RetryableError {
    /// As its cause.
    public var isRetryable: Bool { cause.mayPass }
}
