import Foundation
import Weir

/// More workers than cores: the same keyed job with sixteen and with two.
enum WorkersLimit {
    static func check(records: Int, runs: Int) async throws -> [LimitFinding] {
        let few = benchmark(workers: 2)
        let many = benchmark(workers: 16)
        var fewTimes = WorkerTimes()
        var manyTimes = WorkerTimes()
        var outcomes: [Outcome] = []
        for _ in 0..<runs {
            outcomes.append(try await fewTimes.add(few, records: records))
            outcomes.append(try await manyTimes.add(many, records: records))
        }
        guard outcomes.allSatisfy({ $0 == outcomes[0] }) else {
            throw BenchmarkError.unequalResults(["16 workers and 2"])
        }
        let ratio = Times(fewTimes.wall).median / Times(manyTimes.wall).median
        return [
            LimitFinding(
                name: "throughput of 16 workers over that of 2", value: ratio, unit: "×",
                bar: "≥ 0.7", isMet: ratio >= 0.7,
                detail: "\(records) records; \(manyTimes) and \(fewTimes), "
                    + "\(ProcessInfo.processInfo.activeProcessorCount) cores")
        ]
    }

    private static func benchmark(workers: Int) -> Benchmark {
        Benchmark(
            name: "\(workers) workers", parallelism: workers, splits: 16,
            define: TumblingCount.define, loop: { _ in Outcome() })
    }
}

/// The times of several runs, in nanoseconds a record, by both clocks.
private struct WorkerTimes: CustomStringConvertible {
    var wall: [Double] = []
    var cpu: [Double] = []

    /// Runs `benchmark` once.
    mutating func add(_ benchmark: Benchmark, records: Int) async throws -> Outcome {
        let (wallStart, cpuStart) = (BenchmarkClock.wall.now(), BenchmarkClock.cpu.now())
        let outcome = try await benchmark.runEngine(records: records)
        wall.append((BenchmarkClock.wall.now() - wallStart) / Double(records))
        cpu.append((BenchmarkClock.cpu.now() - cpuStart) / Double(records))
        return outcome
    }

    var description: String {
        "\(Times(wall).median.text(2)) ns (\(Times(cpu).median.text(2)) of processor time)"
    }
}
