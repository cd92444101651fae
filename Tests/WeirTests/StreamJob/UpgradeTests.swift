import Foundation
import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirState

@testable import Weir

/// A savepoint of one version of a job, and what later versions of it make of that.
@Suite struct `Upgrades` {
    /// How a version of the job differs.
    private struct Version<State: AccountState> {
        var name = "totals"
        var hasCounts = true
        var isReordered = false
        var hasExtra = false
        /// After how many records of each split the job waits to be aborted.
        var recordsPerSplit: Int?
    }

    private typealias Totals = KeepingSink<KeyPair<Int, Int>>

    private struct Results {
        let totals = Totals.Kept()
        let counts = Totals.Kept()

        func byKey(_ kept: Totals.Kept) -> [Int: Int] {
            kept.rows.withLock { rows in
                Dictionary(rows.map { ($0.first, $0.second) }, uniquingKeysWith: +)
            }
        }
    }

    private static let keys = 50

    private func job<State: AccountState>(
        _ version: Version<State>, _ results: Results
    ) -> Job {
        Job("accounts") { job in
            let amounts = job.source(
                SilencedSource(
                    base: GeneratorSource(count: 6_000, splits: 3) { $0 },
                    recordsPerSplit: version.recordsPerSplit),
                as: "amounts"
            ).watermarked(.atEnd, as: "times") { _ in .epoch }
            let totals = {
                keyed(amounts).aggregate(
                    Fold(State.empty) {
                        $0.add($1)
                    } merge: {
                        $0.add($1.total)
                    } result: {
                        $0.total
                    }, as: version.name
                ) { key, _, total in KeyPair(key, total) }
                .sink(to: Totals(kept: results.totals), as: "totals-out")
            }
            let counts = {
                keyed(amounts).aggregate(Count(), as: "counts") { key, _, count in
                    KeyPair(key, count)
                }
                .sink(to: Totals(kept: results.counts), as: "counts-out")
            }
            if version.isReordered { counts() }
            totals()
            if version.hasCounts && !version.isReordered { counts() }
            if version.hasExtra {
                keyed(amounts).aggregate(Max(\.self), as: "highest") { key, _, highest in
                    KeyPair(key, highest ?? 0)
                }
                .sink(to: Totals(kept: Totals.Kept()), as: "highest-out")
            }
        }
    }

    private func keyed(_ amounts: DataStream<Int>) -> WindowedStream<Int, Int> {
        amounts.keyed(by: { $0 % Self.keys })
            .windowed(.tumbling(.hours(1)), late: .drop)
    }

    /// The state of version 1 after some of its records.
    private func savepoint(in folder: TemporaryDirectory) async throws -> String {
        let version = Version<AccountV1>(recordsPerSplit: 700)
        var options = ExecutionOptions()
        options.checkpoints = CheckpointOptions(
            CheckpointDirectory(folder("old")), interval: .milliseconds(5))
        let run = try job(version, Results()).start(parallelism: 2, options: options)
        while run.metrics().operators.first(where: { $0.id.name == "counts" })?.counts.received ?? 0
            == 0
        {
            await Task.yield()
        }
        let path = try await run.savepoint(to: folder("saved"))
        run.abort()
        _ = try? await run.summary()
        return path
    }

    /// What must come of the records, however they were cut.
    private var totals: [Int: Int] {
        (0..<6_000).reduce(into: [:]) { $0[$1 % Self.keys, default: 0] += $1 }
    }

    private func compare<State: AccountState>(
        _ version: Version<State>, with path: String, parallelism: Int = 2
    ) throws -> UpgradeComparison {
        let job = job(version, Results())
        return UpgradeComparison(
            from: try SavedCheckpoint.open(path), to: try job.plan(parallelism: parallelism),
            layouts: try StateLayouts(of: job.graph))
    }

    private func restore<State: AccountState>(
        _ version: Version<State>, from path: String, in folder: TemporaryDirectory,
        parallelism: Int = 2, allowsDroppedState: Bool = false
    ) async throws -> Results {
        let results = Results()
        var options = ExecutionOptions()
        var checkpoints = CheckpointOptions(CheckpointDirectory(folder(UUID().uuidString)))
        checkpoints.restoring = .path(path)
        checkpoints.allowsDroppedState = allowsDroppedState
        options.checkpoints = checkpoints
        options.restartStrategy = .never
        _ = try await job(version, results)
            .start(parallelism: parallelism, options: options).summary()
        return results
    }

    private func outcome(of id: String, in comparison: UpgradeComparison) -> String? {
        comparison.operators.first { $0.id == id }?.outcome.rawValue
    }

    // MARK: - What goes on

    @Test(arguments: [2, 1, 3, 5])
    func `carry state to any parallelism`(parallelism: Int) async throws {
        let folder = try TemporaryDirectory()
        let path = try await savepoint(in: folder)
        let comparison = try compare(Version<AccountV1>(), with: path, parallelism: parallelism)
        #expect(comparison.problem == nil)
        #expect(comparison.operators.allSatisfy { $0.outcome == .carried })
        let entry = try #require(comparison.operators.first { $0.id == "totals" })
        #expect(entry.savedParallelism == 2)
        #expect(entry.parallelism == parallelism)
        let results = try await restore(
            Version<AccountV1>(), from: path, in: folder, parallelism: parallelism)
        #expect(results.byKey(results.totals) == totals)
        #expect(results.byKey(results.counts) == totals.mapValues { _ in 6_000 / Self.keys })
    }

    @Test func `carry state of operators in another order`() async throws {
        let folder = try TemporaryDirectory()
        let path = try await savepoint(in: folder)
        let version = Version<AccountV1>(isReordered: true)
        #expect(try compare(version, with: path).operators.allSatisfy { $0.outcome == .carried })
        let results = try await restore(version, from: path, in: folder)
        #expect(results.byKey(results.totals) == totals)
        #expect(results.byKey(results.counts) == totals.mapValues { _ in 6_000 / Self.keys })
    }

    @Test func `start new operators with nothing`() async throws {
        let folder = try TemporaryDirectory()
        let path = try await savepoint(in: folder)
        let version = Version<AccountV1>(hasExtra: true)
        let comparison = try compare(version, with: path)
        #expect(outcome(of: "highest", in: comparison) == "rebuilt")
        #expect(outcome(of: "totals", in: comparison) == "carried")
        #expect(UpgradeReport(comparison, allowsDroppedState: false).refusal == nil)
        let results = try await restore(version, from: path, in: folder)
        #expect(results.byKey(results.totals) == totals)
    }

    @Test func `widen a field`() async throws {
        let folder = try TemporaryDirectory()
        let path = try await savepoint(in: folder)
        try await check(Version<AccountWidened>(), "widened cents from Int32 to Int", path, folder)
    }

    @Test func `add a field with a default`() async throws {
        let folder = try TemporaryDirectory()
        let path = try await savepoint(in: folder)
        try await check(Version<AccountAdded>(), "added bonus", path, folder)
    }

    @Test func `remove a field`() async throws {
        let folder = try TemporaryDirectory()
        let path = try await savepoint(in: folder)
        try await check(Version<AccountRemoved>(), "removed count", path, folder)
    }

    private func check<State: AccountState>(
        _ version: Version<State>, _ change: String, _ path: String, _ folder: TemporaryDirectory
    ) async throws {
        let comparison = try compare(version, with: path)
        #expect(outcome(of: "totals", in: comparison) == "migrated")
        #expect(outcome(of: "counts", in: comparison) == "carried")
        let report = UpgradeReport(comparison, allowsDroppedState: false)
        #expect(report.refusal == nil)
        #expect(report.text.contains(change), "\(report.text)")
        let results = try await restore(version, from: path, in: folder)
        #expect(results.byKey(results.totals) == totals)
    }

    // MARK: - What is refused

    @Test func `refuse a field of another type, and name it`() async throws {
        let folder = try TemporaryDirectory()
        let path = try await savepoint(in: folder)
        let version = Version<AccountRetyped>()
        let comparison = try compare(version, with: path)
        #expect(outcome(of: "totals", in: comparison) == "refused")
        let refusal = try #require(
            UpgradeReport(comparison, allowsDroppedState: true).refusal)
        #expect(refusal.contains("cents\": String cannot be read from Int32"), "\(refusal)")
        let error = await #expect(throws: JobFailure.self) {
            _ = try await restore(version, from: path, in: folder, allowsDroppedState: true)
        }
        #expect("\(try #require(error))".contains("cents\": String cannot be read from Int32"))
    }

    @Test func `refuse to lose an operator, unless told`() async throws {
        let folder = try TemporaryDirectory()
        let path = try await savepoint(in: folder)
        let version = Version<AccountV1>(hasCounts: false)
        let comparison = try compare(version, with: path)
        #expect(outcome(of: "counts", in: comparison) == "dropped")
        #expect(comparison.dropped.contains("operator 'counts'"))
        #expect(UpgradeReport(comparison, allowsDroppedState: false).refusal != nil)
        #expect(UpgradeReport(comparison, allowsDroppedState: true).refusal == nil)
        let error = await #expect(throws: JobFailure.self) {
            _ = try await restore(version, from: path, in: folder)
        }
        #expect("\(try #require(error))".contains("operator 'counts'"))
        let results = try await restore(
            version, from: path, in: folder, allowsDroppedState: true)
        #expect(results.byKey(results.totals) == totals)
    }

    @Test func `take a renamed operator for one that went and one that came`() async throws {
        let folder = try TemporaryDirectory()
        let path = try await savepoint(in: folder)
        let version = Version<AccountV1>(name: "sums")
        let comparison = try compare(version, with: path)
        #expect(outcome(of: "totals", in: comparison) == "dropped")
        #expect(outcome(of: "sums", in: comparison) == "rebuilt")
        let text = UpgradeReport(comparison, allowsDroppedState: false).text
        #expect(text.contains("if 'sums' is what 'totals' was, give it that name again"), "\(text)")
        let results = try await restore(
            version, from: path, in: folder, allowsDroppedState: true)
        // What came before the savepoint is lost, as it was allowed.
        #expect(results.byKey(results.totals).values.reduce(0, +) < totals.values.reduce(0, +))
        #expect(results.byKey(results.counts) == totals.mapValues { _ in 6_000 / Self.keys })
    }
}
