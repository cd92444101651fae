/// How keys are spread over subtasks: `keyGroup = keyHash mod groupCount`, and each subtask owns a
/// contiguous range of key groups, so that state moves in whole groups when a job is rescaled.
public struct KeyGroups: Hashable, Sendable {
    /// The number of key groups, which bounds the parallelism of keyed operators.
    public let count: Int

    /// The number used unless a job says otherwise.
    public static let defaultCount = 128

    /// - Precondition: `count` is a power of two, at most 32,768.
    public init(count: Int = KeyGroups.defaultCount) {
        precondition(
            count > 0 && count & (count - 1) == 0 && count <= 32_768,
            "the number of key groups must be a power of two up to 32768, not \(count)")
        self.count = count
    }

    /// The group of a key with this hash.
    @inlinable public func group(ofHash hash: UInt64) -> Int { Int(hash & UInt64(count &- 1)) }

    /// The subtask that owns a group.
    @inlinable public func owner(ofGroup group: Int, parallelism: Int) -> Int {
        group &* parallelism / count
    }

    /// The owner of every group, in order.
    public func owners(parallelism: Int) -> ContiguousArray<Int> {
        ContiguousArray((0..<count).map { owner(ofGroup: $0, parallelism: parallelism) })
    }
}
