import Testing
import WeirCore
import WeirGraph
import WeirRuntime

@Suite struct `Validation` {
    private func message(_ define: (JobBuilder) -> Void) -> String? {
        let job = JobBuilder(name: "job")
        define(job)
        return WeirGraphTests.message { try job.graph.validated() }
    }

    private let source = PlannedSource<Int>(summary: "numbers")
    private let sink = PlannedSink<Int>(summary: "memory")

    @Test func `passes a sound graph`() {
        #expect(
            message { $0.source(source, as: "numbers").sink(to: sink, as: "results") } == nil)
    }

    @Test func `refuses a job without operators`() {
        #expect(
            message { _ in } == """
                job 'job' cannot run:
                  - the job has no operators. Define a source and a sink in `define(_:)`.
                """)
    }

    @Test func `refuses two operators of one name`() {
        #expect(
            message { $0.source(source, as: "numbers").sink(to: sink, as: "numbers") } == """
                job 'job' cannot run:
                  - operator 'numbers': 2 operators have this name (source, sink). Give each its \
                own with `as:`; saved state is found by it.
                """)
    }

    @Test(arguments: [
        (
            WatermarkStrategy.boundedOutOfOrderness(.hours(-1)),
            "the watermark's bound is -1 h; it must not be negative"
        ),
        (
            .monotonous.idle(after: .seconds(-2)),
            "the watermark's idle timeout is -2 s; it must not be negative"
        ),
        (
            .atEnd.aligned(within: .milliseconds(-3)),
            "the watermark's alignment is -3 ms; it must not be negative"
        ),
    ])
    func `refuses negative spans of watermarks`(strategy: WatermarkStrategy, problem: String) {
        #expect(
            message { job in
                job.source(source, as: "numbers").watermarked(strategy, as: "timed") { _ in .epoch }
                    .sink(to: sink, as: "results")
            } == """
                job 'job' cannot run:
                  - operator 'timed': \(problem). Give a span of zero or more, such as `.minutes(5)`.
                """)
    }

    @Test func `refuses state under an empty name`() {
        #expect(
            message { job in
                job.source(source, as: "numbers").watermarked(.atEnd) { _ in .epoch }
                    .keyed(by: { $0 }).windowed(.tumbling(.seconds(1)), late: .drop)
                    .reduce(as: "") { $0 + $1 }.map { $0.value }
                    .sink(to: sink, as: "results")
            } == """
                job 'job' cannot run:
                  - operator '': it keeps state and has an empty name. Name it with `as:`, \
                so that its state is found again.
                """)
    }

    @Test func `refuses windows without watermarks, and names the sources`() {
        #expect(
            message { job in
                let timed = job.source(source, as: "timed").watermarked(.atEnd) { _ in .epoch }
                let untimed = job.source(source, as: "untimed").map { $0 + 1 }
                timed.union(untimed).keyed(by: { $0 })
                    .windowed(.tumbling(.seconds(1)), late: .drop)
                    .aggregate(Count(), as: "counts") { _, _, count in count }
                    .sink(to: sink, as: "results")
            } == """
                job 'job' cannot run:
                  - operator 'counts': its windows would never close: records from 'untimed' reach \
                it without watermarks. Put `.watermarked(.boundedOutOfOrderness(…)) { $0.time }` \
                between 'untimed' and 'counts'.
                """)
    }

    @Test func `refuses an output that nothing reads`() {
        #expect(
            message { job in
                let numbers = job.source(source, as: "numbers")
                numbers.sink(to: sink, as: "results")
                _ = numbers.map(as: "unused") { $0 }
            } == """
                job 'job' cannot run:
                  - operator 'unused': nothing reads what it puts out. End the stream in a sink, or \
                remove the operator.
                """)
    }

    @Test func `refuses a window without a width`() {
        #expect(
            message { job in
                job.source(source, as: "numbers").watermarked(.atEnd) { _ in .epoch }
                    .keyed(by: { $0 }).windowed(.tumbling(.zero), late: .drop)
                    .aggregate(Count(), as: "counts") { _, _, count in count }
                    .sink(to: sink, as: "results")
            } == """
                job 'job' cannot run:
                  - operator 'counts': the window's size is 0 s; it must be positive. Give \
                spans of at least a microsecond, such as `.minutes(1)`, a step that divides the size, \
                and counts of at least one.
                """)
    }

    /// The problems of a job whose windows are made so, without their mends.
    private func problems(
        _ windowed: @escaping (KeyedStream<Int, Int>) -> WindowedStream<Int, Int>
    ) -> [String] {
        let job = JobBuilder(name: "job")
        windowed(
            job.source(source, as: "numbers").watermarked(.atEnd) { _ in .epoch }.keyed(by: { $0 })
        )
        .aggregate(Count(), as: "counts") { _, _, count in count }.sink(to: sink, as: "results")
        do { _ = try job.graph.validated() } catch {
            #expect(error.problems.allSatisfy { $0.operatorID?.name == "counts" })
            return error.problems.map(\.problem)
        }
        return []
    }

    @Test func `refuses windows that cannot be`() {
        #expect(
            problems { $0.windowed(.session(gap: .seconds(-1)), late: .drop) } == [
                "the session's gap is -1 s; it must be positive"
            ])
        #expect(
            problems {
                $0.windowed(.cumulative(.hours(1), every: .minutes(7)), late: .drop)
            } == ["the step of 7 min does not divide the window's size of 1 h"])
        #expect(
            problems {
                $0.windowed(.global, allowedLateness: .seconds(-3), late: .drop)
            } == ["the allowed lateness is -3 s, less than none"])
        #expect(
            problems { $0.windowed(count: 0, every: -2) } == [
                "a window of 0 records holds none", "a window every -2 records cannot be",
            ])
        #expect(
            problems { $0.windowed(count: 5).triggered(early: .eachRecord) } == [
                "windows of a number of records emit when they are full; no trigger"
            ])
        #expect(
            problems {
                $0.windowed(.tumbling(.seconds(1)), late: .drop).triggered(
                    early: .everyRecords(0), late: .every(.zero, in: .eventTime))
            } == [
                "a pane every 0 records cannot be; the number must be positive",
                "a pane every 0 s cannot be; the span must be positive",
            ])
        #expect(
            problems {
                $0.windowed(.cumulative(.hours(1), every: .minutes(5)), late: .drop)
                    .triggered(early: .everyRecords(3))
            } == [])
    }

    @Test func `refuses a join in windows of a number of records`() {
        let job = JobBuilder(name: "job")
        let keyed = job.source(source, as: "numbers").keyed(by: { $0 })
        keyed.windowJoined(
            .inner, with: keyed, in: Windowing(.counted(size: 2, slide: 2)), late: .drop,
            as: "joined"
        ) { left, _ in left ?? 0 }
        .sink(to: sink, as: "results")
        let error = #expect(throws: ValidationError.self) { try job.graph.validated() }
        #expect(
            error?.problems.map(\.problem) == [
                "windows of a number of records cannot be joined: each stream counts its own"
            ])
    }

    @Test func `asks for watermarks where a global window's trigger goes by them`() {
        for domain in TimeDomain.allCases {
            let found = message { job in
                job.source(source, as: "numbers").keyed(by: { $0 })
                    .windowed(.global, late: .drop)
                    .triggered(early: .every(.seconds(1), in: domain))
                    .aggregate(Count(), as: "counts") { _, _, count in count }
                    .sink(to: sink, as: "results")
            }
            #expect((found == nil) == (domain == .processingTime))
        }
    }

    @Test func `refuses a side output of late records that nothing reads`() {
        let mend = "End the stream that `.sideOutput` hands over in a sink, or say `late: .drop`"
        #expect(
            message { job in
                job.source(source, as: "numbers").watermarked(.atEnd) { _ in .epoch }
                    .keyed(by: { $0 })
                    .windowed(.tumbling(.seconds(1)), late: .sideOutput { _ in })
                    .aggregate(Count(), as: "counts") { _, _, count in count }
                    .sink(to: sink, as: "results")
            } == """
                job 'job' cannot run:
                  - operator 'counts': nothing reads its late records, which would be dropped. \
                \(mend).
                """)
        // What the closure only takes elsewhere counts once it is read there.
        #expect(
            message { job in
                var late: DataStream<Int>?
                let counts = job.source(source, as: "numbers").watermarked(.atEnd) { _ in .epoch }
                    .keyed(by: { $0 })
                    .windowed(.tumbling(.seconds(1)), late: .sideOutput { late = $0 })
                    .aggregate(Count(), as: "counts") { _, _, count in count }
                if let late { counts.union(late).sink(to: sink, as: "results") }
            } == nil)
    }

    @Test func `asks no watermarks of windows of processing time or of a number of records`() {
        for isCount in [true, false] {
            #expect(
                message { job in
                    let keyed = job.source(source, as: "numbers").keyed(by: { $0 })
                    let windowed =
                        isCount
                        ? keyed.windowed(count: 3)
                        : keyed.windowed(inProcessingTime: .session(gap: .seconds(1)))
                    windowed.aggregate(Count(), as: "counts") { _, _, count in count }
                        .sink(to: sink, as: "results")
                } == nil)
        }
    }

    @Test func `reports all problems at once`() throws {
        let job = JobBuilder(name: "job")
        _ = job.source(source, as: "one")
        _ = job.source(source, as: "one")
        let error = #expect(throws: ValidationError.self) { try job.graph.validated() }
        #expect(error?.problems.map(\.operatorID?.name) == ["one", "one", "one"])
    }
}
