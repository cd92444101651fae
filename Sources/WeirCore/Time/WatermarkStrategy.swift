/// How far a source's records may be out of order, and what to do about splits that fall silent or
/// run ahead.
///
/// The watermark of a split, after the record with the latest time so far, is that time less the
/// bound, less a microsecond: a record exactly `bound` behind the latest is still in time.
public struct WatermarkStrategy: Hashable, Sendable {
    /// The most that a record may be behind the latest before it; `nil`: no watermark but at the end.
    public var bound: Duration?
    /// How long a split may have nothing to read before it no longer holds up the others; `nil`: for ever.
    public var idleTimeout: Duration?
    /// How far a split's watermark may run ahead of the lowest of its source; `nil`: without limit.
    public var maximumDrift: Duration?

    /// Records are at most `bound` behind the latest before them.
    public static func boundedOutOfOrderness(_ bound: Duration) -> WatermarkStrategy {
        WatermarkStrategy(bound: bound)
    }

    /// Records come in order of their times within each split.
    public static var monotonous: WatermarkStrategy { WatermarkStrategy(bound: .zero) }

    /// Nothing is known of the order: windows close only when the input ends.
    public static var atEnd: WatermarkStrategy { WatermarkStrategy(bound: nil) }

    /// Splits that have had nothing to read for `timeout` stop counting until they have.
    ///
    /// Time in which a split was not asked, because the output was full, does not count.
    public func idle(after timeout: Duration) -> WatermarkStrategy {
        var copy = self
        copy.idleTimeout = timeout
        return copy
    }

    /// Splits that are more than `drift` ahead of the lowest split of the source are not read until
    /// it has caught up, which bounds the state that windows and joins must keep.
    public func aligned(within drift: Duration) -> WatermarkStrategy {
        var copy = self
        copy.maximumDrift = drift
        return copy
    }

    private init(bound: Duration?) { self.bound = bound }

    /// What makes this strategy unusable, as the planner reports it; `nil` when it is sound.
    public var problem: String? {
        let spans = [
            ("bound", bound), ("idle timeout", idleTimeout), ("alignment", maximumDrift),
        ]
        for (name, span) in spans {
            if let span, span < .zero {
                return "the watermark's \(name) is \(span.spelledOut); it must not be negative"
            }
        }
        return nil
    }
}

extension WatermarkStrategy: CustomStringConvertible {
    public var description: String {
        var parts = [bound.map { "out of order by at most \($0.spelledOut)" } ?? "only at the end"]
        if let idleTimeout { parts.append("idle after \(idleTimeout.spelledOut)") }
        if let maximumDrift { parts.append("aligned within \(maximumDrift.spelledOut)") }
        return parts.joined(separator: ", ")
    }
}
