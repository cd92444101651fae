import Synchronization
package import WeirCore

/// What an edge is at run time: bounded, one producer, one consumer, of batches and marks.
///
/// A ring of slots that each own a batch. Handing a batch over swaps it with the slot's, so that
/// the producer gets an empty one back, memory and all: nothing is allocated once the ring has gone
/// round, and no memory moves between threads but in batches.
///
/// The producer's tasklet calls `push`, the consumer's `pop`. A full queue refuses and wakes the
/// producer when there is room: that is back-pressure.
///
/// A queue can have a reserve, which the producer draws on while it lets a barrier through that
/// overtakes records; what lies in it comes after all that lies in the ring.
package final class BoundedQueue<Element: Sendable>: @unchecked Sendable {
    // SAFETY: `slots` holds `capacity` initialised slots. A slot is touched by the producer alone
    // while `tail - head < capacity` puts it outside the filled range, and by the consumer alone
    // inside; the releasing stores of `tail` and `head` hand it over.
    private struct Slot: ~Copyable {
        var batch = Batch<Element>()
        var signal: Signal?
    }

    package enum Popped {
        case nothing
        case batch
        case signal(Signal)
    }

    private let slots: UnsafeMutablePointer<Slot>
    private let capacity: Int
    private let mask: Int
    // Padding keeps the two ends on cache lines of their own.
    private let head = PaddedAtomic()
    private let tail = PaddedAtomic()
    private let producerWaits = Atomic<Bool>(false)
    private let producer: Tasklet
    private let consumer: Tasklet
    /// A ring of its own rather than slots of this one: those would all come to own a batch's memory.
    private let reserve: BoundedQueue<Element>?
    /// Whether the producer may draw on the reserve; the producer's alone.
    package var mayOverdraw = false
    /// Whether something may lie in the reserve, so that the ring takes nothing; the producer's alone.
    private var isOverdrawn = false
    private let newestBarrierNumber = Atomic<Int>(0)
    /// Records handed over so far.
    package let pushed = Counter()
    /// Records taken so far.
    package let popped = Counter()

    /// Creates an empty queue.
    ///
    /// - Parameters:
    ///   - capacity: The batches and marks it can hold; rounded up to a power of two.
    ///   - reserve: Those that it can hold beyond that while ``mayOverdraw``; rounded up likewise.
    package init(
        capacity: Int, reserve: Int = 0, from producer: Tasklet, to consumer: Tasklet
    ) {
        var size = 2
        while size < capacity { size *= 2 }
        self.capacity = size
        mask = size - 1
        slots = .allocate(capacity: size)
        for index in 0..<size { (slots + index).initialize(to: Slot()) }
        self.producer = producer
        self.consumer = consumer
        self.reserve =
            reserve > 0
            ? BoundedQueue(capacity: reserve, from: producer, to: consumer) : nil
    }

    deinit {
        slots.deinitialize(count: capacity)
        slots.deallocate()
    }

    /// Hands over a batch; on success `batch` is an empty one.
    ///
    /// - Returns: Whether there was room. If not, the producer will be woken when there is.
    package func push(_ batch: inout Batch<Element>) -> Bool {
        let position = tail.value.load(ordering: .relaxed)
        guard hasRoom(position) else { return overdraw(&batch) }
        let slot = slots + (position & mask)
        pushed.add(batch.count)
        swap(&slot.pointee.batch, &batch)
        slot.pointee.signal = nil
        finishPush(position)
        return true
    }

    /// Hands over a mark.
    ///
    /// - Returns: Whether there was room. If not, the producer will be woken when there is.
    package func push(_ signal: Signal) -> Bool {
        let position = tail.value.load(ordering: .relaxed)
        guard hasRoom(position) else { return overdraw(signal) }
        (slots + (position & mask)).pointee.signal = signal
        noteBarrier(signal)
        finishPush(position)
        return true
    }

    private func overdraw(_ batch: inout Batch<Element>) -> Bool {
        let rows = batch.count
        guard mayOverdraw, let reserve, reserve.push(&batch) else { return false }
        pushed.add(rows)
        isOverdrawn = true
        return true
    }

    private func overdraw(_ signal: Signal) -> Bool {
        guard mayOverdraw, let reserve, reserve.push(signal) else { return false }
        isOverdrawn = true
        if noteBarrier(signal) { consumer.wake() }
        return true
    }

    @discardableResult
    private func noteBarrier(_ signal: Signal) -> Bool {
        switch signal {
        case .barrier(let epoch):
            newestBarrierNumber.store(epoch.number, ordering: .releasing)
            return true
        case .end:
            newestBarrierNumber.store(.max, ordering: .releasing)
            return true
        case .watermark, .idle, .flush, .tick: return false
        }
    }

    /// The newest barrier that was pushed; after the end, later than any. All that was pushed before it
    /// can be seen by who sees it.
    package var newestBarrier: Epoch { Epoch(newestBarrierNumber.load(ordering: .acquiring)) }

    private func finishPush(_ position: Int) {
        tail.value.store(position &+ 1, ordering: .sequentiallyConsistent)
        consumer.wake()
    }

    private func hasRoom(_ position: Int) -> Bool {
        if isOverdrawn {
            if let reserve, !reserve.hasBeenEmptied() { return false }
            isOverdrawn = false
        }
        if position &- head.value.load(ordering: .acquiring) < capacity { return true }
        // Say that we wait, then look again: the consumer looks at the flag after it has made room,
        // so one of the two sees the other.
        producerWaits.store(true, ordering: .sequentiallyConsistent)
        guard position &- head.value.load(ordering: .sequentiallyConsistent) < capacity else {
            return false
        }
        producerWaits.store(false, ordering: .relaxed)
        return true
    }

    /// Whether there is nothing left; if there is, the producer will be woken when there is less.
    private func hasBeenEmptied() -> Bool {
        if isEmpty { return true }
        producerWaits.store(true, ordering: .sequentiallyConsistent)
        return head.value.load(ordering: .sequentiallyConsistent)
            == tail.value.load(ordering: .relaxed)
    }

    /// Takes the next batch or mark.
    ///
    /// - Parameter batch: An empty batch; it is swapped for the one taken.
    package func pop(into batch: inout Batch<Element>) -> Popped {
        let position = head.value.load(ordering: .relaxed)
        // What looks empty is looked at again in the one order that all threads agree on, since the
        // consumer goes to sleep on it; `Tasklet.run` says why.
        guard
            position != tail.value.load(ordering: .acquiring)
                || position != tail.value.load(ordering: .sequentiallyConsistent)
        else { return reserve == nil ? .nothing : popReserve(into: &batch) }
        let slot = slots + (position & mask)
        let taken: Popped
        if let signal = slot.pointee.signal {
            taken = .signal(signal)
        } else {
            swap(&slot.pointee.batch, &batch)
            popped.add(batch.count)
            taken = .batch
        }
        head.value.store(position &+ 1, ordering: .sequentiallyConsistent)
        wakeProducer(filled: tail.value.load(ordering: .acquiring) &- position &- 1)
        return taken
    }

    /// Takes from the reserve what came after the ring was full.
    private func popReserve(into batch: inout Batch<Element>) -> Popped {
        guard let reserve, !reserve.looksEmpty else { return .nothing }
        // The ring may have been filled since it was found empty, and the reserve after that. While
        // there is something in the reserve the ring only empties.
        guard isEmpty else { return pop(into: &batch) }
        let taken = reserve.pop(into: &batch)
        if case .batch = taken { popped.add(batch.count) }
        return taken
    }

    /// As ``pop(into:)`` looks before the consumer goes to sleep.
    private var looksEmpty: Bool {
        let position = head.value.load(ordering: .relaxed)
        return position == tail.value.load(ordering: .acquiring)
            && position == tail.value.load(ordering: .sequentiallyConsistent)
    }

    /// Calls `body` with each batch and mark that lies ahead of a barrier, and leaves all where it is;
    /// for the consumer.
    ///
    /// - Parameter epoch: The barrier's; all is ahead of one that has not come.
    package func inspect(
        aheadOf epoch: Epoch, _ body: (borrowing Batch<Element>, Signal?) -> Void
    ) {
        // The barrier is later than what lies in the ring when it lies in the reserve.
        if inspectRing(aheadOf: epoch, body) { return }
        _ = reserve?.inspectRing(aheadOf: epoch, body)
    }

    /// - Returns: Whether the barrier was met.
    private func inspectRing(
        aheadOf epoch: Epoch, _ body: (borrowing Batch<Element>, Signal?) -> Void
    ) -> Bool {
        var position = head.value.load(ordering: .relaxed)
        let end = tail.value.load(ordering: .acquiring)
        while position != end {
            let slot = slots + (position & mask)
            if case .barrier(let found) = slot.pointee.signal, found >= epoch { return true }
            body(slot.pointee.batch, slot.pointee.signal)
            position &+= 1
        }
        return false
    }

    /// Wakes a waiting producer once half of the queue is free: woken for one free slot, it would
    /// fill that and wait again, and each batch would cost two changes of thread. A consumer always
    /// comes by the half before it rests, since it rests only when the queue is empty.
    private func wakeProducer(filled: Int) {
        guard filled <= capacity / 2, producerWaits.load(ordering: .sequentiallyConsistent) else {
            return
        }
        producerWaits.store(false, ordering: .sequentiallyConsistent)
        producer.wake()
    }

    /// Whether there is nothing to take.
    package var isEmpty: Bool {
        head.value.load(ordering: .relaxed) == tail.value.load(ordering: .acquiring)
    }

    /// The batches and marks waiting, and how many fit, with the reserve.
    package var depth: (filled: Int, capacity: Int) {
        let beyond = reserve?.depth ?? (filled: 0, capacity: 0)
        let filled = tail.value.load(ordering: .relaxed) - head.value.load(ordering: .relaxed)
        return (max(0, filled) + beyond.filled, capacity + beyond.capacity)
    }
}

/// An atomic count that shares its cache line with nothing else that is written.
final class PaddedAtomic: Sendable {
    private let before = InlineArray<8, Int>(repeating: 0)
    let value = Atomic<Int>(0)
    private let after = InlineArray<8, Int>(repeating: 0)
}
