import Testing
import WeirCore
import WeirTesting

@Suite struct `The ordeal of a step` {
    private let input: [Emission<Int>] =
        (0..<5).map { .record($0, at: .epoch) } + [.signal(.watermark(.epoch)), .end]

    @Test func `passes a step that keeps to the contract`() throws {
        #expect(try verify(input) { passStep($0, into: $1) } == input)
    }

    @Test func `finds a step that leaves rows behind`() {
        #expect(
            throws: StepContractViolation("a step left 5 rows in the batch it was given")
        ) {
            try StepHarness<Int, Int> { _, next in
                Step(process: { _ in .done }, signal: next.signal, resume: next.resume)
            }.send((0..<5).map { ($0, at: .epoch) })
        }
    }

    @Test func `finds a step that goes on though its output is full`() {
        #expect(throws: StepContractViolation.self) {
            try verify(input) { (_, next: Step<Int>) in
                // Answers that it is done whatever the output answered.
                Step<Int>(
                    process: {
                        _ = try next.process(&$0)
                        return .done
                    },
                    signal: {
                        _ = try next.signal($0)
                        return .done
                    }, resume: next.resume)
            }
        }
    }

    @Test func `finds a step whose output depends on the batches it gets`() {
        #expect(throws: OrdealFailure.self) {
            try verify(input) { (_, next: Step<Int>) in
                Step<Int>(
                    process: { batch in
                        for row in batch.indices { batch[row] += batch.count }
                        return try next.process(&batch)
                    }, signal: next.signal, resume: next.resume)
            }
        }
    }

    @Test func `finds a step that speaks after the end, or of nothing`() {
        #expect(throws: StepContractViolation("end came after the end")) {
            let harness = try StepHarness<Int, Int> { passStep($0, into: $1) }
            try harness.send(.end)
            try harness.send(.end)
        }
        #expect(throws: StepContractViolation("an empty batch was handed over")) {
            let harness = try StepHarness<Int, Int> { _, next in
                Step(
                    process: {
                        $0.removeAll()
                        return try next.process(&$0)
                    }, signal: next.signal, resume: next.resume)
            }
            try harness.send(1)
        }
    }

    @Test func `repeats a seeded sequence, the published one`() {
        var random = SeededGenerator(seed: 1_234_567)
        #expect(
            [random.next(), random.next(), random.next()] == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            ])
    }
}
