internal import ArgumentParser
import WeirCore
import WeirRuntime

/// What `--restart` says: `never`, `fixed:5s:3`, `backoff`, `backoff:1s:60s`, `rate:3:5min:10s`.
struct RestartArgument: ExpressibleByArgument, Hashable, Sendable {
    let strategy: RestartStrategy
    private let text: String

    init?(argument: String) {
        guard
            let strategy = Self.parse(
                argument.split(separator: ":", omittingEmptySubsequences: false))
        else { return nil }
        self.strategy = strategy
        text = argument
    }

    static let backoff = RestartArgument(strategy: .exponentialBackoff(), text: "backoff")

    private init(strategy: RestartStrategy, text: String) {
        self.strategy = strategy
        self.text = text
    }

    var defaultValueDescription: String { text }

    private static func parse(_ parts: [Substring]) -> RestartStrategy? {
        let rest = parts.dropFirst()
        switch (parts.first, rest.count) {
        case ("never", 0): return .never
        case ("backoff", 0): return .exponentialBackoff()
        case ("fixed", 2):
            guard let delay = SpanArgument(rest[1]), let attempts = count(rest[2]) else {
                return nil
            }
            return .fixedDelay(delay.duration, attempts: attempts)
        case ("backoff", 2):
            guard let initial = SpanArgument(rest[1]), let maximum = SpanArgument(rest[2]),
                initial.duration > .zero, initial.duration <= maximum.duration
            else { return nil }
            return .exponentialBackoff(initial: initial.duration, maximum: maximum.duration)
        case ("rate", 3):
            guard let failures = count(rest[1]), let span = SpanArgument(rest[2]),
                let delay = SpanArgument(rest[3])
            else { return nil }
            return .failureRate(failures: failures, within: span.duration, delay: delay.duration)
        default: return nil
        }
    }

    private static func count(_ text: Substring) -> Int? { Int(text).flatMap { $0 > 0 ? $0 : nil } }
}
