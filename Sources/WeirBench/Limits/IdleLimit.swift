import Weir

/// Jobs whose source is open and silent: what they use of the processor.
enum IdleLimit {
    static func check(seconds: Int) async throws -> [LimitFinding] {
        let (events, continuation) = AsyncStream.makeStream(of: Event.self)
        let stream = try await share(seconds: seconds, "an asynchronous stream") { job, tally in
            run(job, AsyncSequenceSource(events), tally)
        }
        continuation.finish()
        let paced = try await share(seconds: seconds, "a generator of one record a second") {
            run($0, GeneratorSource(ratePerSecond: 1, EventGenerator()), $1)
        }
        return [stream, paced]
    }

    private static func run(
        _ job: JobBuilder, _ source: some Source<Event>, _ tally: Tally
    ) {
        job.source(source, as: "silent")
            .watermarked(
                .boundedOutOfOrderness(EventGenerator.disorder).idle(after: .seconds(1))
            ) { $0.time }
            .keyed(by: { $0.key })
            .windowed(.tumbling(TumblingCount.size), late: .drop)
            .aggregate(Count(), as: "count") { key, window, count in
                KeyCount(key: key, start: window.start, count: count)
            }
            .sink(to: CheckSink(tally: tally), as: "check")
    }

    /// Runs a job for a while, stops it, and says what share of a core the process used meanwhile.
    private static func share(
        seconds: Int, _ name: String, _ define: (JobBuilder, Tally) -> Void
    ) async throws -> LimitFinding {
        let job = JobBuilder(name: "silent source")
        define(job, Tally())
        let execution = JobExecution(try Planner(parallelism: 2).plan(job.graph))
        async let summary = execution.run()
        // The start is not idle time.
        try await Task.sleep(for: .milliseconds(200))
        let before = ResourceUsage.current().processorSeconds
        let start = ContinuousClock.now
        try await Task.sleep(for: .seconds(seconds))
        let used = ResourceUsage.current().processorSeconds - before
        let wall = start.duration(to: .now) / .seconds(1)
        execution.requestStop()
        let read = try await summary.recordsRead
        let percent = used / wall * 100
        return LimitFinding(
            name: "idle: \(name)", value: percent, unit: "% of a core", bar: "< 1",
            isMet: percent < 1,
            detail: "\((used * 1_000).text(1)) ms in \(wall.text(1)) s, \(read) records read")
    }
}
