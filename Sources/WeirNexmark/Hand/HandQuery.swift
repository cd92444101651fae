import Weir

/// A query as a plain loop on one thread: what it costs without an engine, and a second opinion on
/// its result.
///
/// The loops see the events in order, so they need no watermarks, and know of no snapshots. Results
/// that change are put out as the jobs put them out: each changed row once after at most 8,192
/// records.
public struct HandQuery: Sendable {
    /// `q0` to `q20`, as ``NexmarkQuery/name``; `q12e` is q12 by event time.
    public let name: String
    private let onGenerated: @Sendable (GeneratedEvents) -> NexmarkTotal
    private let onBlock: @Sendable (EventBlock) -> NexmarkTotal

    @inline(__always)
    init<Loop: HandLoop>(_ name: String, _ make: @escaping @Sendable () -> Loop) {
        self.name = name
        onGenerated = { Self.run(make(), over: $0) }
        onBlock = { Self.run(make(), over: $0) }
    }

    @inline(__always)
    private static func run<Loop: HandLoop>(
        _ made: consuming Loop, over events: some EventFeed
    ) -> NexmarkTotal {
        var loop = made
        var output = HandOutput()
        events.forEach { loop.take($0, &output) }
        loop.finish(&output)
        output.commit()
        return output.total
    }

    /// Runs it over the first events of the stream, made as they are needed.
    public func run(events: Int) -> NexmarkTotal { onGenerated(GeneratedEvents(count: events)) }

    /// Runs it over events from memory.
    public func run(over events: EventBlock) -> NexmarkTotal { onBlock(events) }

    /// Those there are, in order.
    public static let all: [HandQuery] = [
        HandQuery("q0") { HandPassThrough() }, HandQuery("q1") { HandCurrency() },
        HandQuery("q2") { HandSelection() }, HandQuery("q3") { HandLocalItems() },
        HandQuery("q4") { HandCategoryAverage() }, HandQuery("q5") { HandHotItems() },
        HandQuery("q7") { HandHighestBid() }, HandQuery("q8") { HandNewUsers() },
        HandQuery("q11") { HandSessions() }, HandQuery("q12e") { HandWindowedBids() },
        HandQuery("q15") { HandDayStatistics() }, HandQuery("q17") { HandAuctionStatistics() },
        HandQuery("q18") { HandLastBid() }, HandQuery("q19") { HandTopBids() },
        HandQuery("q20") { HandExpandedBids() },
    ]

    /// Makes the events, looks at each one's time, and puts nothing out.
    public static let generator = HandQuery("generator") { HandNothing() }

    /// The loop for a query; `nil` where there is none.
    public static func named(_ name: String) -> HandQuery? {
        all.first { $0.name == name.lowercased() }
    }
}

/// The body of a loop, and its state.
protocol HandLoop: SendableMetatype {
    /// Takes the next event.
    mutating func take(_ event: NexmarkEvent, _ output: inout HandOutput)
    /// Puts out what is left when the events have ended.
    mutating func finish(_ output: inout HandOutput)
}

extension HandLoop {
    func finish(_ output: inout HandOutput) {}
}

private struct HandNothing: HandLoop {
    private var latest = Timestamp.earliest

    @inline(__always) mutating func take(_ event: NexmarkEvent, _ output: inout HandOutput) {
        latest = max(latest, event.dateTime)
    }

    /// Puts out something that depends on all events, so that none of them is left out.
    mutating func finish(_ output: inout HandOutput) {
        if latest == .earliest { output.add(SelectedBid(auction: 0, price: 0)) }
    }
}

extension Timestamp {
    /// Whole milliseconds since the epoch, as all event times of the benchmark are.
    @inline(__always) var inMilliseconds: Int { Int(microseconds / 1_000) }

    @inline(__always) init(inMilliseconds count: Int) { self.init(milliseconds: Int64(count)) }
}
