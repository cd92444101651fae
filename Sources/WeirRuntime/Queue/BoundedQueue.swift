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
    /// Records handed over so far.
    package let pushed = Counter()
    /// Records taken so far.
    package let popped = Counter()

    /// Creates an empty queue.
    ///
    /// - Parameter capacity: The batches and marks it can hold; rounded up to a power of two.
    package init(capacity: Int, from producer: Tasklet, to consumer: Tasklet) {
        var size = 2
        while size < capacity { size *= 2 }
        self.capacity = size
        mask = size - 1
        slots = .allocate(capacity: size)
        for index in 0..<size { (slots + index).initialize(to: Slot()) }
        self.producer = producer
        self.consumer = consumer
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
        guard hasRoom(position) else { return false }
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
        guard hasRoom(position) else { return false }
        (slots + (position & mask)).pointee.signal = signal
        finishPush(position)
        return true
    }

    private func finishPush(_ position: Int) {
        tail.value.store(position &+ 1, ordering: .sequentiallyConsistent)
        consumer.wake()
    }

    private func hasRoom(_ position: Int) -> Bool {
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
        else { return .nothing }
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

    /// The batches and marks waiting, and how many fit.
    package var depth: (filled: Int, capacity: Int) {
        (
            max(0, tail.value.load(ordering: .relaxed) - head.value.load(ordering: .relaxed)),
            capacity
        )
    }
}

/// An atomic count that shares its cache line with nothing else that is written.
final class PaddedAtomic: Sendable {
    private let before = InlineArray<8, Int>(repeating: 0)
    let value = Atomic<Int>(0)
    private let after = InlineArray<8, Int>(repeating: 0)
}
