import WeirCore
import WeirGraph
import WeirRuntime

extension SimulatedJob {
    /// Jobs that differ in shape, for checks of the engine itself.
    public static let examples: [SimulatedJob] = [
        stateless, windows, sessions, joins, tables, functions, fanOut,
    ]

    /// The example with that name.
    public static func example(_ name: String) -> SimulatedJob? {
        examples.first { $0.name == name }
    }

    /// Records filtered, mapped, dealt to other workers: nothing is kept but positions.
    static let stateless = SimulatedJob(name: "stateless") { job, world in
        job.source(world.source("numbers", Array(0..<120), splits: 3), as: "numbers")
            .filter { $0 % 5 != 0 }
            .rebalanced()
            .flatMap { [$0, -$0] }
            .sink(to: world.sink("out"), as: "out")
    }

    /// Two sources and three sinks; one stream used three times; calls in flight.
    static let fanOut = SimulatedJob(name: "fan-out") { job, world in
        let left = job.source(
            world.source("left", SimulatedEvent.samples(50, seed: 61), splits: 2), as: "left"
        ).watermarked(.boundedOutOfOrderness(.milliseconds(20)), as: "left times") { $0.at }
        let right = job.source(
            world.source("right", SimulatedEvent.samples(40, from: 1_000, seed: 62), splits: 3),
            as: "right"
        ).watermarked(.boundedOutOfOrderness(.milliseconds(20)), as: "right times") { $0.at }
        let both = left.union(right)
        both.sink(to: world.sink("all"), as: "all")
        both.mapAsync(
            .unordered, capacity: 3, timeout: .seconds(100), onFailure: .fail, as: "call"
        ) { event in
            await Task.yield()
            return event.value
        }
        .sink(to: world.sink("called"), as: "called")
        both.keyed(by: \.key)
            .windowed(.tumbling(.milliseconds(30)), late: .drop)
            .aggregate(Count(), as: "counts") { key, window, count in
                "\(window.start) \(key): \(count)"
            }
            .sink(to: world.sink("counts"), as: "counts-out")
    }
}
