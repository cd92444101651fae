public import Weir

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

/// The first events of the stream, made once and kept in memory: what reads them is timed alone.
///
/// Memory: about 400 bytes an event. A generator as well, for a job's source; indices behind the last
/// event start over.
public final class EventBlock: RecordGenerator, EventFeed, @unchecked Sendable {
    // SAFETY: `count` events, initialised here, never changed, and freed by deinit.
    private let events: UnsafeMutablePointer<NexmarkEvent>
    /// How many events there are.
    public let count: Int

    /// Makes the events.
    public init(count: Int) {
        self.count = max(1, count)
        events = .allocate(capacity: self.count)
        let generator = NexmarkGenerator()
        for index in 0..<self.count { (events + index).initialize(to: generator.record(at: index)) }
    }

    deinit {
        events.deinitialize(count: count)
        events.deallocate()
    }

    @inline(__always) public func record(at index: Int) -> NexmarkEvent {
        events[index < count ? index : index % count]
    }

    @inline(__always) func forEach(_ body: (NexmarkEvent) -> Void) {
        for index in 0..<count { body(events[index]) }
    }
}
