public import WeirCore

// What a merger has is made of the slices, which are saved, so that it is not saved itself: only how
// the slices were divided into front and back. Made anew along the same lines, each key's parts are
// merged in the same order as they were, and results that depend on it, such as sums of floating-point
// numbers, are the same to the last bit.

/// How the slices of a window were divided into front and back.
@usableFromInline
struct SlidingDivision: Sendable {
    /// Where the front starts; `nil`: there is none.
    var frontStart: Timestamp?
    /// Where the back starts; `nil`: there is none.
    var backStart: Timestamp?
    /// Slices that start before this have been merged.
    var mergedThrough: Timestamp
    /// Whether one of them has changed since.
    var isStale: Bool
}

extension SlidingDivision: StateComposite {
    @usableFromInline static func stateCodec() throws -> StateCodec<SlidingDivision> {
        try .record(
            "SlidingDivision", StateField("frontStart") { $0.frontStart },
            StateField("backStart") { $0.backStart },
            StateField("mergedThrough") { $0.mergedThrough }, StateField("isStale") { $0.isStale }
        ) {
            SlidingDivision(frontStart: $0, backStart: $1, mergedThrough: $2, isStale: $3)
        }
    }
}

extension SlidingMerger.Parts: StateComposite {
    public static func stateCodec() throws -> StateCodec<Self> {
        try .record(
            "Parts", StateField("front") { $0.front }, StateField("back") { $0.back }
        ) { front, back in
            var parts = Self()
            parts.front = front
            parts.back = back
            return parts
        }
    }
}

extension SlidingMerger {
    var division: SlidingDivision {
        restored
            ?? SlidingDivision(
                frontStart: frontPosition < front.count ? front[frontPosition].start : nil,
                backStart: backStart, mergedThrough: mergedThrough, isStale: isStale)
    }

    /// Has the next move begin with what a checkpoint had.
    func restore(_ division: SlidingDivision) {
        restored = division
        mergedThrough = division.mergedThrough
        isStale = division.isStale
    }

    /// Merges the slices of `store` again as they were when the checkpoint was taken.
    @usableFromInline func takeRestored(in store: SliceStore<Key, Accumulator>) throws {
        guard let division = restored else { return }
        restored = nil
        // What has changed is merged anew in any case.
        guard !isStale else { return }
        let backStart = division.backStart ?? division.mergedThrough
        if let start = division.frontStart {
            front = store.slices(in: Window(start: start, end: backStart))
            for slice in front.reversed() { try addToFront(slice) }
        }
        for slice in store.slices(in: Window(start: backStart, end: division.mergedThrough)) {
            try addToBack(slice)
        }
        // The first slice of the back may have gone.
        self.backStart = division.backStart
    }
}

extension SubtaskContext {
    /// Has checkpoints save and restore how a merger has divided the slices of its window, and keeps
    /// what it has merged where the job's backend says.
    ///
    /// At another parallelism slices are merged anew, and floating-point results may differ in
    /// their last digits.
    ///
    /// - Parameter name: The part's name within the operator, the same in every version of the job.
    public func keep<Key: StreamKey, Merged: Aggregate>(
        _ name: String, _ merger: SlidingMerger<Key, Merged>
    ) {
        merger.table.spillPlace = spillPlace(of: name)
        let part = KeptValue<SlidingDivision>(
            distribution: .shared, get: { [weak merger] in merger?.division },
            heldBytes: { [weak merger] in merger?.table.heldBytes ?? 0 }
        ) { [weak merger] saved, ownership in
            let own = saved.first {
                $0.state.parallelism == ownership.parallelism
                    && $0.state.subtask == ownership.subtask
            }
            if let own { merger?.restore(own.value) }
        }
        kept.keep(name, part)
    }
}
