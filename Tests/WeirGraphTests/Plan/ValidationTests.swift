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
                spans of at least a microsecond, such as `.minutes(1)`.
                """)
    }

    @Test func `reports all problems at once`() throws {
        let job = JobBuilder(name: "job")
        _ = job.source(source, as: "one")
        _ = job.source(source, as: "one")
        let error = #expect(throws: ValidationError.self) { try job.graph.validated() }
        #expect(error?.problems.map(\.operatorID?.name) == ["one", "one", "one"])
    }
}
