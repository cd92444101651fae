import Synchronization

/// The watermarks of the splits that one source subtask reads, shared between the source, which
/// chooses what to read next by them, and the `watermarked` step, which advances them.
///
/// Confined to the subtask's worker, but for ``lowest``, which any thread may read.
public final class SplitWatermarks: @unchecked Sendable {
    // Unchecked: all mutable state but `shared` is touched by the subtask's worker alone.
    @exclusivity(unchecked) @usableFromInline var marks: [Timestamp]
    @exclusivity(unchecked) @usableFromInline var states: [SplitState]
    private let shared = Atomic<Int64>(Int64.min)

    /// Whether a split counts toward the merged watermark.
    @usableFromInline enum SplitState: UInt8 { case active, idle, ended }

    /// Creates the watermarks of `count` splits that have promised nothing yet.
    public init(count: Int) {
        marks = Array(repeating: .earliest, count: count)
        states = Array(repeating: .active, count: count)
    }

    /// The number of splits.
    public var count: Int { marks.count }
    /// The strategy of the step that keeps these watermarks; `nil` while there is none, and all
    /// splits then stay level.
    public private(set) var strategy: WatermarkStrategy?
    /// The watermarks that further steps keep for the same splits.
    private var others: [SplitWatermarks] = []
    /// These watermarks, and those that further steps keep for the same splits.
    public var all: [SplitWatermarks] { [self] + others }

    /// The watermarks for a step to keep: these, or, where another step keeps these, new ones for
    /// the same splits, so that two branches of a source do not take each other's promises for
    /// their own. The source reads in the order of these.
    public func tracked(by strategy: WatermarkStrategy) -> SplitWatermarks {
        guard self.strategy != nil else {
            self.strategy = strategy
            return self
        }
        let other = SplitWatermarks(count: count)
        other.strategy = strategy
        others.append(other)
        return other
    }

    /// The watermark of a split.
    @inlinable public subscript(split: Int) -> Timestamp { marks[split] }

    /// Moves a split's watermark forward; an older one is ignored.
    @inlinable public func advance(_ split: Int, to time: Timestamp) {
        if time > marks[split] { marks[split] = time }
        if states[split] == .idle { states[split] = .active }
    }

    /// Puts a split back to where a checkpoint had it.
    func restore(_ split: Int, at time: Timestamp, _ state: SplitState) {
        marks[split] = max(marks[split], time)
        states[split] = state
    }

    /// Moves a split's watermark forward to what a checkpoint had, and says whether it was idle.
    func restore(_ split: Int, notBefore time: Timestamp, isIdle: Bool) {
        marks[split] = max(marks[split], time)
        if isIdle { setIdle(split) }
    }

    /// The lowest watermark of the splits that have not ended; `nil` when all have.
    var lowestOpen: Timestamp? {
        zip(marks, states).lazy.filter { $0.1 != .ended }.map { $0.0 }.min()
    }

    /// Has a split count again that was said to have ended.
    func reopen(_ split: Int) { if states[split] == .ended { states[split] = .active } }

    /// Marks a split as having nothing to say for now; a record ends that.
    public func setIdle(_ split: Int) { if states[split] == .active { states[split] = .idle } }
    /// Marks all splits that have not ended as having nothing to say for now.
    public func setAllIdle() { for split in marks.indices { setIdle(split) } }
    /// Marks a split as read to its end.
    public func setEnded(_ split: Int) {
        for marks in all { marks.states[split] = .ended }
    }
    /// Whether the split counts.
    public func isActive(_ split: Int) -> Bool { states[split] == .active }

    /// The lowest watermark among the active splits; ``Timestamp/latest`` when all have ended, and
    /// `nil` when those that have not ended are all idle.
    public func merged() -> Timestamp? {
        var lowest: Timestamp?
        var someIdle = false
        for split in marks.indices {
            let mark = marks[split]
            switch states[split] {
            case .active: lowest = lowest.map { min($0, mark) } ?? mark
            case .idle: someIdle = true
            case .ended: continue
            }
        }
        if let lowest {
            shared.store(lowest.microseconds, ordering: .relaxed)
            return lowest
        }
        shared.store(Int64.max, ordering: .relaxed)
        return someIdle ? nil : .latest
    }

    /// The merged watermark as last computed, for other subtasks that align to it.
    public var lowest: Timestamp { Timestamp(microseconds: shared.load(ordering: .relaxed)) }
}
