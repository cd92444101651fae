import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirState

@testable import WeirTesting

@Suite struct `A simulation of a broken engine` {
    /// A change that breaks the engine, and a job in which that shows.
    struct Case: Sendable, CustomTestStringConvertible {
        let mutation: EngineMutation
        let job: SimulatedJob
        var testDescription: String { "\(mutation.name) (\(job.name))" }
    }

    static func defect(_ defect: EngineDefect) -> EngineMutation {
        var mutation = EngineMutation(defect.rawValue)
        mutation.checkpoints = { $0.defect = defect }
        return mutation
    }

    static var unaligned: EngineMutation {
        var mutation = EngineMutation("inputs are not aligned")
        mutation.checkpoints = { $0.mode = .atLeastOnce }
        return mutation
    }

    static var overtaking: EngineMutation {
        var mutation = EngineMutation("the barrier overtakes records")
        mutation.graph = { graph in
            graph.replacingBodies { node, body in
                guard node.kind == .flatMap else { return body }
                return TransformBody { context, outputs, prepared in
                    let steps = try body.makeSteps(context, outputs, prepared)
                    return [AnyStep(overtakenStep(into: try steps[0].typed(Int.self)))]
                }
            }
        }
        return mutation
    }

    static var unsynchronizedFiles: EngineMutation {
        var mutation = EngineMutation("the manifest comes before the segments are synced")
        mutation.disk = { CarelessDisk(disk: $0, synchronizesFiles: false) }
        return mutation
    }

    static var unsynchronizedNames: EngineMutation {
        var mutation = EngineMutation("sinks commit before the rename is synced")
        mutation.disk = { CarelessDisk(disk: $0, synchronizesDirectories: false) }
        return mutation
    }

    static let cases: [Case] = [
        Case(mutation: unaligned, job: .windows),
        Case(mutation: overtaking, job: .stateless),
        Case(mutation: EngineMutation("offsets are stored too early"), job: .misplaced(by: -1)),
        Case(mutation: EngineMutation("offsets are stored too late"), job: .misplaced(by: 1)),
        Case(
            mutation: .forgetting("timers are not restored") { $0.contains("imers") },
            job: .functions),
        Case(
            mutation: .forgetting("calls in flight are not restored") { $0.contains("light") },
            job: .fanOut),
        Case(mutation: .ofParts("pages are copied too late") { LatePart($1) }, job: .windows),
        Case(mutation: .ofParts("a restore takes foreign keys") { GreedyPart($1) }, job: .sessions),
        Case(mutation: unsynchronizedFiles, job: .stateless),
        Case(mutation: unsynchronizedNames, job: .stateless),
        Case(mutation: defect(.commitsBeforeComplete), job: .stateless),
        Case(mutation: defect(.epochsReused), job: .stateless),
        Case(mutation: defect(.countersNotRestored), job: .stateless),
        Case(mutation: defect(.transactionsForgotten), job: .stateless),
        Case(mutation: defect(.inFlightForgotten), job: .unaligned(.windows)),
        Case(mutation: defect(.inFlightBehindBarrier), job: .unaligned(.windows)),
    ]

    @Test func `is not one of an engine that is whole`() throws {
        _ = try Simulation.run(.misplaced(by: 0), seeds: 1...60)
    }

    @Test(arguments: cases) func `fails within a thousand seeds`(broken: Case) throws {
        let simulation = try Simulation(broken.job, mutation: broken.mutation)
        // As long as nothing goes wrong, nothing shows.
        for seed in UInt64(1)...5 { _ = try simulation.outcome(seed, FaultPlan([])) }
        for seed in UInt64(1)...1_000 {
            do { _ = try simulation.outcome(seed, simulation.plan(seed: seed)) } catch { return }
        }
        Issue.record("no seed of a thousand shows that \(broken.testDescription)")
    }
}

/// Keeps the last batch back until the next comes or the stream ends, barrier or not.
private func overtakenStep(into next: Step<Int>) -> Step<Int> {
    let kept = BatchSlot<Int>()
    return Step(
        process: { batch in
            swap(&kept.batch, &batch)
            defer { batch.removeAll() }
            return batch.isEmpty ? .done : try next.process(&batch)
        },
        signal: { signal in
            if signal == .end, !kept.batch.isEmpty {
                let progress = try next.process(&kept.batch)
                kept.batch.removeAll()
                guard progress == .done else {
                    throw SimulationViolation("the output is full at the end")
                }
            }
            return try next.signal(signal)
        }, resume: next.resume)
}

extension SimulatedJob {
    /// A job whose barriers overtake records.
    fileprivate static func unaligned(_ job: SimulatedJob) -> SimulatedJob {
        var job = job
        job.unalignedAfter = .milliseconds(1)
        return job
    }

    /// A job whose source says that it is further, or less far, than it is.
    fileprivate static func misplaced(by offset: Int64) -> SimulatedJob {
        SimulatedJob(name: "misplaced") { job, world in
            job.source(
                MisplacedSource(source: world.source("numbers", Array(0..<90)), offset: offset),
                as: "numbers"
            ).sink(to: world.sink("out"), as: "out")
        }
    }
}

private struct MisplacedSource<Base: Source>: Source {
    let source: Base
    let offset: Int64

    var summary: String { source.summary }
    var isReplayable: Bool { true }
    var readMode: ReadMode { source.readMode }
    func splits() throws -> [SourceSplit] { try source.splits() }
    func reader(for split: SourceSplit, context: ReaderContext) throws -> Reader {
        Reader(reader: try source.reader(for: split, context: context), offset: offset)
    }

    struct Reader: SplitReader {
        var reader: Base.Reader
        let offset: Int64

        mutating func read(into batch: inout Batch<Base.Element>, limit: Int) throws -> ReadOutcome
        {
            try reader.read(into: &batch, limit: limit)
        }
        var position: SplitPosition? {
            guard var position = reader.position else { return nil }
            position.offset = max(0, min(45, position.offset + offset))
            return position
        }
    }
}
