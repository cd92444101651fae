public import WeirCore

/// What goes into a step or comes out of it: a record with its event time, or a mark.
public enum Emission<Element> {
    /// A record, with its event time.
    case record(Element, at: Timestamp)
    /// A mark in the stream.
    case signal(Signal)

    /// A watermark.
    public static func watermark(_ time: Timestamp) -> Emission { .signal(.watermark(time)) }
    /// The end of the stream.
    public static var end: Emission { .signal(.end) }

    /// The record; `nil` for a mark.
    public var record: Element? {
        guard case .record(let element, _) = self else { return nil }
        return element
    }
}

extension Emission: Equatable where Element: Equatable {}
extension Emission: Sendable where Element: Sendable {}

/// A step or the harness around it has broken the contract of `Step`.
public struct StepContractViolation: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was done that the contract forbids.
    public let description: String

    /// Says what was done.
    public init(_ description: String) { self.description = description }
}
