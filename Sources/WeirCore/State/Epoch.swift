/// The number of a checkpoint within a job's life: the stretch of the streams between two barriers.
///
/// Epochs count up by one, also across restarts: the first after a restore is one more than the last
/// that was begun before.
///
/// Source: Carbone et al., "State Management in Apache Flink", PVLDB 10(12), 2017.
public struct Epoch: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// The number, from 1; 0 stands for the state before the first checkpoint.
    public let number: Int

    /// Names an epoch.
    @inlinable public init(_ number: Int) { self.number = number }

    /// What lies before the first checkpoint.
    public static let none = Epoch(0)
    /// The epoch after this one.
    public var next: Epoch { Epoch(number + 1) }

    @inlinable public static func < (left: Epoch, right: Epoch) -> Bool {
        left.number < right.number
    }
    public var description: String { "\(number)" }

    public init(from decoder: any Decoder) throws {
        number = try decoder.singleValueContainer().decode(Int.self)
    }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }
}
