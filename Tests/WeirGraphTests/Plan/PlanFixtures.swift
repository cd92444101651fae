import WeirCore
import WeirGraph
import WeirRuntime

/// A source that is only planned, never read.
struct PlannedSource<Element: Sendable>: Source {
    var summary: String
    var readMode: ReadMode = .inline

    struct Reader: SplitReader {
        mutating func read(into batch: inout Batch<Element>, limit: Int) throws -> ReadOutcome {
            .end
        }
    }

    func splits() throws -> [SourceSplit] { [] }
    func reader(for split: SourceSplit, context: ReaderContext) throws -> Reader { Reader() }
}

/// A sink that is only planned, never written.
struct PlannedSink<Element: Sendable>: Sink {
    var summary: String
    var writeMode: WriteMode = .inline
    var maximumParallelism: Int?

    struct Writer: SinkWriter {
        mutating func write(_ batch: inout Batch<Element>) throws { batch.removeAll() }
        mutating func finish() throws {}
    }

    func writer(context: SubtaskContext) throws -> Writer { Writer() }
}

struct Departure: Sendable, Hashable {
    var carrier = ""
    var origin = ""
    var time = Timestamp.epoch
    var delay = 0.0
}

struct Observation: Sendable, Hashable {
    var origin = ""
    var time = Timestamp.epoch
    var rain = 0.0
}

/// Jobs whose plans the tests compare.
enum Jobs {
    /// A source, a filter, a map and a sink that may be fused: one chain.
    static func straight(sink: PlannedSink<Int> = PlannedSink(summary: "memory")) -> LogicalGraph {
        let job = JobBuilder(name: "straight")
        job.source(PlannedSource<Int>(summary: "numbers"), as: "numbers")
            .filter { $0 > 0 }
            .map(as: "double") { $0 * 2 }
            .sink(to: sink, as: "results")
        return job.graph
    }

    /// A word count with late records set aside; its names hold what text formats must escape.
    static func counts() -> LogicalGraph {
        let job = JobBuilder(name: "word \"counts\"")
        job.source(PlannedSource<String>(summary: #"lines of C:\in"#), as: #"a "b" \c"#)
            .watermarked(.monotonous) { _ in .epoch }
            .keyed(by: { $0 })
            .windowed(
                .tumbling(.milliseconds(1)),
                late: .sideOutput {
                    $0.sink(to: PlannedSink(summary: "late.jsonl"), as: "late")
                }
            )
            .aggregate(Count(), as: "counts") { word, _, count in "\(word) \(count)" }
            .sink(
                to: PlannedSink(summary: "table", writeMode: .blocking, maximumParallelism: 1),
                as: "table")
        return job.graph
    }

    /// Two sources, a window, a join, and three sinks, one of them behind a second window.
    static func flights() -> LogicalGraph {
        let job = JobBuilder(name: "flights")
        let flights = job.source(
            PlannedSource<Departure>(summary: "CSV files flights-*.csv.gz", readMode: .blocking),
            as: "flights"
        ).watermarked(.atEnd) { $0.time }
        let weather = job.source(
            PlannedSource<Observation>(summary: "CSV files weather-*.csv.gz", readMode: .blocking),
            as: "weather"
        ).watermarked(.atEnd) { $0.time }

        flights.keyed(by: { $0.origin }).windowed(.tumbling(.milliseconds(1)), late: .drop)
            .aggregate(Count(), as: "hourly").sink(to: table("hourly_departures"), as: "departures")
        flights.filter(as: "departed") { $0.delay > 0 }.keyed(by: { $0.carrier })
            .windowed(.sliding(.milliseconds(4), every: .milliseconds(1)), late: .drop)
            .aggregate(Count(), as: "carriers").map { $0.value }
            .sink(to: table("worst_carriers"), as: "worst")
        flights.keyed(by: { $0.origin })
            .joined(
                with: weather.keyed(by: { $0.origin }), in: .tumbling(.milliseconds(1)),
                late: .drop,
                as: "with-weather"
            ) { flight, _ in flight.origin }
            .keyed(by: { $0 }).windowed(.tumbling(.milliseconds(24)), late: .drop)
            .aggregate(Count(), as: "daily").sink(to: table("weather_impact"), as: "impact")
        return job.graph
    }

    private static func table<Row: Sendable>(_ name: String) -> PlannedSink<Row> {
        PlannedSink(
            summary: "SQLite table \(name)", writeMode: .blocking, maximumParallelism: 1)
    }
}
