import Testing
import WeirCore
import WeirTesting

@Suite struct `The watermark step` {
    private func time(_ microseconds: Int64) -> Timestamp { Timestamp(microseconds: microseconds) }

    private func harness(
        _ strategy: WatermarkStrategy, splits: Int = 1, batchSize: Int = 4,
        refusing: Refusal = .never
    ) throws -> StepHarness<Int, Int> {
        try StepHarness(.forTesting(batchSize: batchSize, splits: splits), refusing: refusing) {
            watermarkStep($0, into: $1, strategy) { Timestamp(microseconds: Int64($0)) }
        }
    }

    @Test func `gives each record its time and promises the latest less the bound less one`() throws
    {
        let harness = try harness(.boundedOutOfOrderness(.microseconds(10)))
        try harness.send([(100, at: .earliest), (95, at: .earliest)])
        try harness.send(.flush)
        #expect(
            harness.emissions == [
                .record(100, at: time(100)), .record(95, at: time(95)), .watermark(time(89)),
            ])
        #expect(harness.output.flushes == 1)
    }

    @Test func `sends marks after so many rows, without waiting for a pause`() throws {
        let harness = try harness(.monotonous, batchSize: 4)
        for number in 0..<10 { try harness.send(number) }
        #expect(harness.output.signals == [.watermark(time(2)), .watermark(time(6))])
    }

    @Test func `never moves back, and says nothing twice`() throws {
        let harness = try harness(.monotonous)
        for number in [50, 20, 50, 30] {
            try harness.send(number)
            try harness.send(.flush)
        }
        #expect(harness.output.signals == [.watermark(time(49))])
    }

    @Test func `replaces the marks from above`() throws {
        let harness = try harness(.monotonous)
        try harness.send(.watermark(time(1_000)))
        try harness.send(5)
        try harness.send(.flush)
        try harness.send(.end)
        #expect(harness.emissions == [.record(5, at: time(5)), .watermark(time(4)), .end])
    }

    @Test func `promises nothing before the end where the order is not known`() throws {
        let harness = try harness(.atEnd)
        for number in 0..<20 { try harness.send(number) }
        try harness.send(.flush)
        try harness.send(.end)
        #expect(harness.output.signals == [.end])
    }

    @Test func `merges its splits by minimum, ended and idle ones left out`() throws {
        let harness = try harness(.monotonous, splits: 3)
        let splits = harness.context.splits
        func flushed() throws -> [Signal] {
            harness.output.removeAll()
            try harness.send(.flush)
            return harness.output.signals
        }
        try harness.send(100, split: 0)
        #expect(try flushed() == [])
        try harness.send(50, split: 1)
        #expect(try flushed() == [])
        try harness.send(70, split: 2)
        #expect(try flushed() == [.watermark(time(49))])
        splits.setEnded(1)
        #expect(try flushed() == [.watermark(time(69))])
        splits.setIdle(2)
        #expect(try flushed() == [.watermark(time(99))])
        splits.setIdle(0)
        #expect(try flushed() == [.idle])
        #expect(try flushed() == [])
        try harness.send(80, split: 2)
        // It is awake again but behind what was promised: the promise is only repeated.
        #expect(try flushed() == [.watermark(time(99))])
    }

    @Test func `says that it is idle each time that records came in between`() throws {
        let harness = try harness(.monotonous)
        for number in [10, 20] {
            try harness.send(number)
            harness.context.splits.setIdle(0)
            try harness.send(.flush)
        }
        #expect(
            harness.emissions == [
                .record(10, at: time(10)), .signal(.idle), .record(20, at: time(20)),
                .signal(.idle),
            ])
    }

    @Test func `keeps its own marks where another step has marks for the same splits`() throws {
        let splits = SplitWatermarks(count: 2)
        let outputs = [OutputProbe<Int>(), OutputProbe<Int>()]
        let input = InputDriver(
            fanOutStep(
                to: zip(outputs, [0, 10]).map { output, bound in
                    watermarkStep(
                        SubtaskContext(
                            job: "test", operatorName: "after \(bound)", subtask: 0,
                            parallelism: 1, splits: splits),
                        into: output.step, .boundedOutOfOrderness(.microseconds(bound))
                    ) { Timestamp(microseconds: Int64($0)) }
                }))
        try input.send(100, split: 0)
        try input.send(200, split: 1)
        try input.send(.flush)
        #expect(outputs.map(\.signals) == [[.watermark(time(99))], [.watermark(time(89))]])
        splits.setEnded(0)
        try input.send(.flush)
        #expect(outputs.map { $0.signals.last } == [.watermark(time(199)), .watermark(time(189))])
    }

    @Test func `counts records of an unknown split as of the first`() throws {
        let harness = try harness(.monotonous)
        try harness.send(10, split: 5)
        try harness.send(.flush)
        #expect(harness.output.signals == [.watermark(time(9))])
    }

    @Test(arguments: Refusal.allCases)
    func `loses neither records nor marks to a full output`(refusal: Refusal) throws {
        let harness = try harness(.monotonous, batchSize: 4, refusing: refusal)
        for number in 0..<50 { try harness.send(number) }
        try harness.send(.flush)
        try harness.send(.end)
        #expect(harness.records == Array(0..<50))
        #expect(harness.output.signals.suffix(2) == [.watermark(time(48)), .end])
    }

    @Test(arguments: [Int64.min, .min + 1, -1, 0, .max])
    func `takes any time and any bound without a trap`(microseconds: Int64) throws {
        for bound in [Duration.zero, .microseconds(Int64.max), .seconds(Int64.max)] {
            let harness = try StepHarness<Int64, Int64> {
                watermarkStep($0, into: $1, .boundedOutOfOrderness(bound)) {
                    Timestamp(microseconds: $0)
                }
            }
            try harness.send(microseconds)
            try harness.send(.flush)
            try harness.send(.end)
            #expect(harness.records == [microseconds] && harness.output.signals.last == .end)
        }
    }
}
