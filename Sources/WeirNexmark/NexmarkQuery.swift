public import Weir

/// One of the benchmark's queries: a job from the stream of events to rows.
public struct NexmarkQuery: Sendable {
    /// `q0` to `q22`, or that of a variant.
    public let name: String
    /// What it computes, in a few words.
    public let title: String
    /// Whether rows may be retracted, so that the result is what is left at the end.
    public let isUpdating: Bool
    @usableFromInline let define: @Sendable (DataStream<NexmarkEvent>, NexmarkResults) -> Void

    /// A query whose rows stay.
    @inline(__always)
    init<Row: NexmarkRow>(
        _ name: String, _ title: String,
        _ define: @escaping @Sendable (DataStream<NexmarkEvent>) -> DataStream<Row>
    ) {
        self.name = name
        self.title = title
        isUpdating = false
        self.define = { events, results in
            let rows = define(events)
            guard let path = results.transactionalPath else {
                return rows.sink(to: ResultSink<Row>(results: results), as: "result")
            }
            rows.map(as: "lines") { ResultLine($0) }
                .sink(
                    to: JSONLinesFileSink<ResultLine>(file: path, overwrite: true), as: "result")
        }
    }

    /// A query whose rows change: what is left of them at the end is the result.
    @inline(__always)
    init<Row: NexmarkRow>(
        _ name: String, _ title: String,
        _ define: @escaping @Sendable (DataStream<NexmarkEvent>) -> DataStream<Change<Row>>
    ) {
        self.name = name
        self.title = title
        isUpdating = true
        self.define = { events, results in
            define(events).sink(to: ChangeSink<Row>(results: results), as: "result")
        }
    }

    /// A query whose result is a table.
    @inline(__always)
    init<Key: StreamKey, Row: NexmarkRow>(
        _ name: String, _ title: String,
        _ define: @escaping @Sendable (DataStream<NexmarkEvent>) -> KeyedTable<Key, Row>
    ) {
        // Not the key path: of a generic type it is looked up anew for each change.
        self.init(name, title) { define($0).changes().map { $0.change } }
    }

    /// The query over the benchmark's own stream.
    ///
    /// - Parameters:
    ///   - events: How many events there are.
    ///   - splits: How many subtasks can generate them side by side; the result is the same for
    ///     each number.
    ///   - rate: How many events a second; `nil`: as fast as they are taken.
    ///   - results: Where to leave what the rows came to.
    public func job(
        events: Int, splits: Int, rate: Double? = nil, results: NexmarkResults
    ) -> Job {
        job(
            GeneratorSource(
                count: events, splits: splits, ratePerSecond: rate, NexmarkGenerator()),
            results: results)
    }

    /// The query over events of any origin.
    ///
    /// Watermarks are four seconds behind, as the benchmark has it.
    @inlinable public func job<Events: Source>(
        _ source: Events, results: NexmarkResults
    ) -> Job where Events.Element == NexmarkEvent {
        Job("nexmark-\(name)") { job in
            let events = job.source(source, as: "events")
                .watermarked(.boundedOutOfOrderness(.seconds(4)), \.dateTime)
            define(events, results)
        }
    }

    /// The benchmark's queries, in order.
    public static let all: [NexmarkQuery] = [
        q0, q1, q2, q3, q4, q5, q6, q7, q8, q9, q10, q11, q12, q13, q14, q15, q16, q17, q18, q19,
        q20, q21,
        q22,
    ]

    /// Queries that are not the benchmark's own, but one of its queries with something else about it:
    /// found by their names, and left out where all are run.
    public static let variants: [NexmarkQuery] = [q12e]

    /// The query of that name.
    ///
    /// - Throws: ``UnknownQuery``, which lists those there are.
    public static func named(_ name: String) throws(UnknownQuery) -> NexmarkQuery {
        let query = (all + variants).first { $0.name == name.lowercased() }
        guard let query else {
            throw UnknownQuery(name: name)
        }
        return query
    }
}

/// There is no query of that name.
public struct UnknownQuery: Error, Equatable, Sendable, CustomStringConvertible {
    /// The name asked for.
    public let name: String

    public var description: String {
        let known = (NexmarkQuery.all + NexmarkQuery.variants).map { "  \($0.name): \($0.title)" }
        return "there is no query '\(name)'; choose 'all' or one of these:\n"
            + known.joined(separator: "\n")
    }
}
