import ArgumentParser
import Testing
import WeirCore
import WeirGraph

@testable import Weir
@testable import WeirRuntime

@Suite struct `Progress` {
    private func sample(
        at seconds: Double, read: Int, blocked: Double = 0, watermark: Timestamp? = nil
    ) -> JobMetrics {
        var counts = LedgerCounts()
        counts.received = read
        let source = OperatorMetrics(
            id: OperatorID("flights"), kind: .source, counts: counts, watermark: watermark,
            busyFraction: 0, blockedFraction: blocked)
        var sink = source
        sink.id = OperatorID("delays")
        sink.kind = .sink
        sink.counts.received = read / 2
        sink.blockedFraction = 0
        return JobMetrics(elapsedSeconds: seconds, operators: [source, sink])
    }

    // MARK: - From samples to frames

    @Test func `counts the records of sources, and their rate over the last second`() {
        var tracker = ProgressTracker(job: "job")
        let rates = [(0.25, 100), (0.5, 200), (1.0, 400), (1.5, 1_400), (2.0, 1_400), (2.5, 1_400)]
            .map {
                tracker.frame(sample(at: $0.0, read: $0.1), now: .epoch)
            }
        #expect(rates.map(\.recordsRead) == [100, 200, 400, 1_400, 1_400, 1_400])
        #expect(rates.map(\.rate) == [400, 400, 400, 1_200, 1_000, 0])
        #expect(rates.map { $0.rows[1].rate } == [200, 200, 200, 600, 500, 0])
    }

    @Test func `takes back-pressure over the last second too`() {
        var tracker = ProgressTracker(job: "job")
        // Blocked for none of the first second, half of the second, none of the third.
        let shares = [(1.0, 0.0), (2.0, 0.25), (3.0, 0.5 / 3)].map {
            tracker.frame(sample(at: $0.0, read: 0, blocked: $0.1), now: .epoch).rows[0]
                .backPressure
        }
        #expect(shares.map { ($0 * 1_000).rounded() } == [0, 500, 0])
    }

    @Test func `shows a lag only where the watermark is near the clock`() {
        let now = Timestamp(seconds: 1_700_000_000)
        let marks: [Timestamp?] = [now - .seconds(3), now - .days(2), .latest, nil]
        let lags = marks.map { mark in
            var tracker = ProgressTracker(job: "job")
            return tracker.frame(sample(at: 1, read: 1, watermark: mark), now: now).rows[0].lag
        }
        #expect(lags == [.seconds(3), nil, nil, nil])
    }

    @Test func `survives samples taken before the job has started`() {
        var tracker = ProgressTracker(job: "job")
        let before = tracker.frame(JobMetrics(elapsedSeconds: 0, operators: []), now: .epoch)
        #expect(before.line == "job  starting…")
        #expect(before.lines(columns: 80, rows: 24, hasColour: false) == ["job  starting…"])
        #expect(tracker.frame(sample(at: 0.5, read: 10), now: .epoch).rate == 20)
    }

    // MARK: - From frames to lines

    private var frame: ProgressFrame {
        ProgressFrame(
            job: "flight-delays", elapsedSeconds: 12.4, recordsRead: 1_234_567, rate: 102_000,
            rows: [
                .init(
                    name: "flights", received: 1_234_567, rate: 102_000,
                    watermark: Timestamp(iso8601: "2013-01-01T10:00:00.5Z"), lag: nil,
                    backPressure: 0.35),
                .init(
                    name: "hourly", received: 1_200_000, rate: 98_500,
                    watermark: Timestamp(iso8601: "2013-01-01T09:59:00Z"), lag: nil,
                    backPressure: 1),
                .init(
                    name: "delays", received: 12, rate: 0, watermark: .latest, lag: nil,
                    backPressure: 0),
            ])
    }

    @Test func `draws a block with a row for each operator`() {
        #expect(
            frame.lines(columns: 100, rows: 24, hasColour: false) == [
                "flight-delays  0:12  1,234,567 records  102 k/s",
                "  operator  records in      rate             watermark  back-pressure",
                "  flights    1,234,567   102 k/s  2013-01-01T10:00:00Z  ██▊····· 35 %",
                "  hourly     1,200,000  98.5 k/s  2013-01-01T09:59:00Z  ████████ 100 %",
                "  delays            12       0/s                   end  ········ 0 %",
            ])
    }

    @Test func `adds the lag where one operator has it`() {
        var frame = self.frame
        frame.rows[0].lag = .milliseconds(3_200)
        #expect(
            frame.lines(columns: 100, rows: 24, hasColour: false)[1...2] == [
                "  operator  records in      rate             watermark     lag  back-pressure",
                "  flights    1,234,567   102 k/s  2013-01-01T10:00:00Z  3.20 s  ██▊····· 35 %",
            ])
    }

    @Test func `adds the memory of state where one operator has any, and names the largest`() {
        var frame = self.frame
        #expect(!frame.line.contains("state"))
        frame.rows[1].stateBytes = 2_900_000_000
        frame.rows[2].stateBytes = 100_000_000
        #expect(
            frame.lines(columns: 110, rows: 24, hasColour: false)[1...2] == [
                "  operator  records in      rate             watermark   state  back-pressure",
                "  flights    1,234,567   102 k/s  2013-01-01T10:00:00Z       –  ██▊····· 35 %",
            ])
        #expect(frame.line.contains("  state 3.0 GB, most in 'hourly'"))
    }

    @Test(arguments: 1...120)
    func `never is wider than the terminal`(columns: Int) {
        var frame = self.frame
        frame.rows[0].lag = .seconds(2)
        let lines = frame.lines(columns: columns, rows: 24, hasColour: false)
        #expect(lines.count == 5)
        #expect(lines.allSatisfy { $0.count <= max(1, columns - 1) })
    }

    @Test func `leaves out columns where the width is short`() {
        #expect(
            frame.lines(columns: 50, rows: 24, hasColour: false)[1...2] == [
                "  operator  records in      rate  back-pressure",
                "  flights    1,234,567   102 k/s           35 %",
            ])
        #expect(
            frame.lines(columns: 35, rows: 24, hasColour: false)[1...2] == [
                "  operator  records in      rate", "  flights    1,234,567   102 k/s",
            ])
    }

    @Test(arguments: 1...40)
    func `never is higher than the terminal`(rows: Int) {
        var frame = self.frame
        frame.rows += (0..<20).map {
            .init(
                name: "map-\($0)", received: 0, rate: 0, watermark: nil, lag: nil, backPressure: 0)
        }
        let lines = frame.lines(columns: 100, rows: rows, hasColour: false)
        #expect(lines.count < max(2, rows))
        if rows == 10 {
            #expect(lines.count == 8)
            #expect(lines.last == "  … and 18 more operators")
        }
    }

    @Test func `colours only where colours are welcome`() {
        let plain = frame.lines(columns: 100, rows: 24, hasColour: false)
        let coloured = frame.lines(columns: 100, rows: 24, hasColour: true)
        #expect(
            coloured == [
                "\u{1B}[1m\(plain[0])\u{1B}[0m", "\u{1B}[2m\(plain[1])\u{1B}[0m", plain[2],
                "\u{1B}[33m\(plain[3])\u{1B}[0m", plain[4],
            ])
    }

    @Test func `puts a job into one line for a pipe`() {
        var frame = self.frame
        #expect(
            frame.line == "flight-delays  0:12  1,234,567 records  102 k/s  "
                + "watermark 2013-01-01T09:59:00Z  back-pressure 100 % on 'hourly'")
        frame.isStopping = true
        frame.rows = [frame.rows[2]]
        frame.rows[0].lag = .seconds(90)
        #expect(
            frame.line == "flight-delays  0:12  1,234,567 records  102 k/s  stopping: draining…  "
                + "watermark end  lag 1 min 30 s")
    }

    // MARK: - On a terminal

    @Test func `redraws a block in its place, and erases it`() {
        var block = LiveBlock()
        #expect(block.erase() == "")
        #expect(block.draw(["a", "b"]) == "\ra\u{1B}[K\nb\u{1B}[K\n\u{1B}[J")
        #expect(block.draw(["c"]) == "\r\u{1B}[2Ac\u{1B}[K\n\u{1B}[J")
        #expect(block.erase() == "\r\u{1B}[1A\u{1B}[J")
        #expect(block.erase() == "")
    }

    @Test func `writes notes with or without a block, and nothing once it has finished`() throws {
        let recorded = RecordedConsole()
        let plan = try Job(DivisionJob.parse([])).plan(parallelism: 1)
        let reporter = ProgressReporter(
            JobExecution(plan), mode: .none, console: recorded.console)
        reporter.start()
        reporter.noteStopping("stopping")
        reporter.finish()
        #expect(recorded.error == "stopping\n")
    }

    @Test func `drains at the first signal, aborts at the second, leaves at the third`() {
        var requests = StopRequests()
        #expect(requests.receive(signal: 2) == .drain)
        #expect(requests.abortStatus == nil)
        #expect(requests.receive(signal: 15) == .abort(status: 143))
        #expect(requests.abortStatus == 143)
        #expect(requests.receive(signal: 2) == .leave(status: 143))
    }

    @Test func `is live only in a terminal that the job does not print to`() {
        let quiet = JobBuilder(name: "job").graph
        let builder = JobBuilder(name: "job")
        builder.source(CountedSource(count: 1), as: "numbers").sink(to: PrintSink(), as: "shown")
        var terminal = RecordedConsole().console
        terminal.errorIsTerminal = true
        terminal.outputMayBeSeen = true
        var piped = terminal
        piped.outputMayBeSeen = false
        let log = RecordedConsole().console

        #expect(ProgressMode.auto.resolved(for: quiet, on: terminal) == .live)
        #expect(ProgressMode.auto.resolved(for: builder.graph, on: terminal) == .lines)
        #expect(ProgressMode.auto.resolved(for: builder.graph, on: piped) == .live)
        let toError = JobBuilder(name: "job")
        toError.source(CountedSource(count: 1), as: "numbers")
            .sink(to: PrintSink(descriptor: 2), as: "shown")
        #expect(ProgressMode.auto.resolved(for: toError.graph, on: piped) == .lines)
        #expect(ProgressMode.auto.resolved(for: quiet, on: log) == .lines)
        #expect(ProgressMode.live.resolved(for: quiet, on: log) == .lines)
        #expect(ProgressMode.none.resolved(for: quiet, on: terminal) == .none)
    }
}
