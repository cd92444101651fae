import Weir

/// The benchmark's events, one after another, without an engine.
protocol EventFeed {
    /// Calls `body` with each event.
    func forEach(_ body: (NexmarkEvent) -> Void)
}

/// Events that are made as they are asked for.
struct GeneratedEvents: EventFeed {
    let count: Int

    @inline(__always) func forEach(_ body: (NexmarkEvent) -> Void) {
        let generator = NexmarkGenerator()
        for index in 0..<count { body(generator.record(at: index)) }
    }
}

/// The first events of the stream, made beforehand: whoever is given them is timed alone.
///
/// Each event is given away once, as a source's events are: whoever has it drops it, texts and all, and nobody
/// counts references to what the block still holds. ``refill()`` makes them again. Memory: about 400 bytes an
/// event.
public final class EventBlock: EventFeed, @unchecked Sendable {
    // SAFETY: `count` places, initialised here and deinitialised by deinit. Each is read and emptied by the one
    // loop that runs; `refill` is called between runs.
    private let events: UnsafeMutablePointer<NexmarkEvent?>
    private let generator = NexmarkGenerator()
    /// How many events there are.
    public let count: Int

    /// Makes the events.
    public init(count: Int) {
        self.count = max(1, count)
        events = .allocate(capacity: self.count)
        events.initialize(repeating: nil, count: self.count)
        refill()
    }

    deinit {
        events.deinitialize(count: count)
        events.deallocate()
    }

    /// Makes the events that have been given away; not while a job or a loop is reading.
    public func refill() {
        for index in 0..<count where events[index] == nil {
            events[index] = generator.record(at: index)
        }
    }

    /// The event of that index, for good; one that is gone is made anew.
    @inline(__always) private func record(at index: Int) -> NexmarkEvent {
        guard let event = events[index].take() else { return generator.record(at: index) }
        return event
    }

    @inline(__always) func forEach(_ body: (NexmarkEvent) -> Void) {
        for index in 0..<count { body(record(at: index)) }
    }
}
