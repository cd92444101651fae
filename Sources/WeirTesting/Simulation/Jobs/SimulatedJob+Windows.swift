import WeirCore
import WeirGraph
import WeirRuntime

extension SimulatedJob {
    /// Sliding windows whose rows do not depend on timing, and tumbling ones with late records: which
    /// pane a record is in does depend on it, but each is in one, or late, once.
    static let windows = SimulatedJob(name: "windows") { job, world in
        let events = job.source(
            world.source("events", SimulatedEvent.samples(100, seed: 21), splits: 3), as: "events")
        events.watermarked(.boundedOutOfOrderness(.milliseconds(20)), as: "bounded") { $0.at }
            .keyed(by: \.key)
            .windowed(
                .sliding(.milliseconds(40), every: .milliseconds(10)), late: .drop
            )
            .aggregate(Count(), Sum(\.value), as: "sliding") { key, window, count, sum in
                "\(window.start) \(key): \(count), \(sum)"
            }
            .sink(to: world.sink("sliding"), as: "sliding-out")
        var late: DataStream<SimulatedEvent>?
        let panes =
            events
            .watermarked(.boundedOutOfOrderness(.milliseconds(2)), as: "hasty") { $0.at }
            .keyed(by: \.key)
            .windowed(
                .tumbling(.milliseconds(20)), allowedLateness: .milliseconds(10),
                late: .sideOutput { late = $0 }
            )
            .triggered(late: .eachRecord, panes: .discarding)
            .aggregate(Collect { (event: SimulatedEvent) in event.value }, as: "tumbling") {
                key, window, values in values.map { "\(window.start) \(key): \($0)" }
            }
            .flatMap { $0 }
        guard let late else { return }
        panes.union(
            late.map { event in
                let start = event.at.microseconds / 20_000 * 20_000
                return "\(Timestamp(microseconds: start)) \(event.key): \(event.value)"
            }
        ).sink(to: world.sink("tumbling"), as: "tumbling-out")
    }

    /// Windows that merge.
    static let sessions = SimulatedJob(name: "sessions") { job, world in
        job.source(
            world.source("events", SimulatedEvent.samples(110, seed: 31), splits: 2), as: "events"
        )
        .watermarked(.boundedOutOfOrderness(.milliseconds(20))) { $0.at }
        .keyed(by: \.key)
        .windowed(.session(gap: .milliseconds(15)), late: .drop)
        .aggregate(Count(), Sum(\.value), as: "sessions") { key, window, count, sum in
            "\(window.start)…\(window.end) \(key): \(count), \(sum)"
        }
        .sink(to: world.sink("out"), as: "out")
    }
}
