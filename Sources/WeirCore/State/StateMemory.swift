import Synchronization

/// The memory that the pages of a job's state may take, and what they take of it.
///
/// The subtasks of its operators share it: each may take what is free. Once nothing is, whoever has more
/// than its fair part, the limit divided by the number of shares, gives up as much as is over the
/// limit, and whoever has less goes on growing. So a subtask that has more keys than the others gets
/// more memory where they leave it, and none is left without. A subtask that rests with more than its
/// part is woken to give it back.
///
/// Asked only where a page is added, loaded or sent away. All methods may be called from any thread.
public final class StateMemory: Sendable {
    /// The bytes that pages may take.
    public let limit: Int
    private let held = Atomic<Int>(0)
    private let shareCount = Atomic<Int>(0)
    private let shares = Locked<[StateMemoryShare]>([])

    /// Makes a memory of so many bytes, none of them in use.
    public init(limit: Int) { self.limit = max(0, limit) }

    /// The bytes that pages take.
    public var heldBytes: Int { held.load(ordering: .relaxed) }

    /// What each share may have when there is nothing left to take.
    package var fairShare: Int { limit / max(1, shareCount.load(ordering: .relaxed)) }

    /// Gives a subtask a share.
    ///
    /// - Parameter wake: Has the subtask call ``StateMemoryShare/takeRequest()`` soon.
    package func join(wake: @escaping @Sendable () -> Void) -> StateMemoryShare {
        let share = StateMemoryShare(of: self, wake: wake)
        shares.withLock { $0.append(share) }
        shareCount.add(1, ordering: .relaxed)
        return share
    }

    fileprivate func leave(_ share: StateMemoryShare) {
        shares.withLock { $0.removeAll { $0 === share } }
        shareCount.subtract(1, ordering: .relaxed)
    }

    fileprivate func add(_ bytes: Int) { held.wrappingAdd(bytes, ordering: .relaxed) }

    /// Asks those who have more than their part to give it back.
    fileprivate func askBack(for asking: StateMemoryShare) {
        let fairShare = self.fairShare
        let asked = shares.withLock { shares in
            shares.filter { $0 !== asking && $0.heldBytes > fairShare }
        }
        for share in asked { share.ask() }
    }
}

/// What one subtask has of a job's ``StateMemory``.
///
/// Changed by the subtask's worker, asked by any thread.
package final class StateMemoryShare: Sendable {
    private let memory: StateMemory
    private let wake: @Sendable () -> Void
    private let held = Atomic<Int>(0)
    private let isAsked = Atomic<Bool>(false)

    fileprivate init(of memory: StateMemory, wake: @escaping @Sendable () -> Void) {
        self.memory = memory
        self.wake = wake
    }

    /// The bytes in use.
    package var heldBytes: Int { held.load(ordering: .relaxed) }

    /// Notes that more bytes are in use, or fewer.
    package func add(_ bytes: Int) {
        held.wrappingAdd(bytes, ordering: .relaxed)
        memory.add(bytes)
    }

    /// Whether there is no memory left.
    package var isFull: Bool { memory.heldBytes >= memory.limit }

    /// The bytes that are to be given up: as many as the job is over its limit, as far as this has
    /// more than its part. One that has not asks for those that others have too much.
    package func takeExcess() -> Int {
        let over = memory.heldBytes - memory.limit
        guard over > 0 else { return 0 }
        let spare = heldBytes - memory.fairShare
        if spare <= 0 { memory.askBack(for: self) }
        return max(0, min(over, spare))
    }

    /// Whether another has asked for memory since the last call.
    package func takeRequest() -> Bool {
        isAsked.load(ordering: .relaxed) && isAsked.exchange(false, ordering: .acquiring)
    }

    /// Has ``takeRequest()`` say yes.
    package func ask() {
        guard !isAsked.exchange(true, ordering: .releasing) else { return }
        wake()
    }

    /// Gives back what is in use, for good.
    package func leave() {
        add(-heldBytes)
        memory.leave(self)
    }
}
