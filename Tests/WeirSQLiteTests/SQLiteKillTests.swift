import Foundation
import GRDB
import Testing
import WeirCore

@testable import WeirSQLite

/// A source, a coordinator and a sink in the smallest form that survives being killed: rows by
/// index, a checkpoint in a file that is replaced at once, and a table.
private struct KilledJob {
    let directory: String
    static let rowCount = 24
    static let rowsPerEpoch = 9

    struct Checkpoint: Codable {
        var epoch = 0
        var next = 0
        var content: [UInt8]?

        var transactions: [PreparedTransaction] {
            content.map {
                [PreparedTransaction(epoch: Epoch(epoch), subtask: 0, content: $0)]
            } ?? []
        }
    }

    var path: String { "\(directory)/out.db" }
    private var checkpoint: URL { URL(fileURLWithPath: "\(directory)/checkpoint") }

    func restored() throws -> Checkpoint? {
        guard FileManager.default.fileExists(atPath: checkpoint.path) else { return nil }
        return try JSONDecoder().decode(Checkpoint.self, from: Data(contentsOf: checkpoint))
    }

    /// Runs the job to its end, or, where `statements` is given, until SQLite is about to begin the
    /// statement of that number.
    ///
    /// - Returns: The number of statements.
    @discardableResult
    func run(killedBefore statements: Int? = nil) throws -> Int {
        let sink = SQLiteTable<Reading>(appendingTo: path, table: "readings")
        let lease = try sink.location.lease()
        defer { lease.close() }
        let count = Locked(0)
        lease.queue.inDatabase { database in
            database.trace(options: .statement) { _ in
                let begun = count.withLock { count in
                    count += 1
                    return count
                }
                if begun == statements { kill(getpid(), SIGKILL) }
            }
        }
        let writer = try sink.writer(
            context: SubtaskContext(
                job: "killed", operatorName: "readings", subtask: 0, parallelism: 1,
                isCheckpointed: true))
        var state = try restored() ?? Checkpoint()
        if state.epoch > 0 {
            try writer.recover(state.transactions, after: Epoch(state.epoch))
        }
        try runEpochs(&state, writer)
        try writer.finish()
        lease.queue.inDatabase { $0.trace(options: []) }
        return count.withLock { $0 }
    }

    private func runEpochs(
        _ state: inout Checkpoint, _ writer: SQLiteTableWriter<Reading>
    ) throws {
        try writer.begin(Epoch(state.epoch + 1))
        while state.next < Self.rowCount {
            let end = min(state.next + Self.rowsPerEpoch, Self.rowCount)
            try writer.write((state.next..<end).map { Reading($0) }, size: 4)
            state.epoch += 1
            state.next = end
            state.content = try writer.prepare(Epoch(state.epoch))
            try JSONEncoder().encode(state).write(to: checkpoint, options: .atomic)
            // Rows of the next epoch are staged before this one is committed, as in a job.
            try writer.begin(Epoch(state.epoch + 1))
            for transaction in state.transactions { try writer.commit(transaction) }
        }
    }
}

@Suite struct `SQLite table, its process killed` {
    private let all = (0..<KilledJob.rowCount).map { "r\($0)" }

    @Test func `before any statement shows each row once after recovery`() async throws {
        let whole = try TemporaryDirectory()
        let statements = try KilledJob(directory: whole.url.path).run()
        #expect(statements > 30)
        for number in 1...statements {
            let directory = try TemporaryDirectory()
            let path = directory.url.path
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = path as String, number = number as Int] in
                try KilledJob(directory: path).run(killedBefore: number)
            }
            let job = KilledJob(directory: path)
            try job.run()
            #expect(try Reading.shown(in: job.path).map(\.rowid) == all, "statement \(number)")
        }
    }

    @Test func `again and again shows each row once in the end`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.url.path
        var kills = 0
        var next = -1
        var number = 14
        // Each life is allowed more statements as long as the one before it came no further.
        while try KilledJob(directory: path).restored()?.next ?? 0 < KilledJob.rowCount {
            let reached = try KilledJob(directory: path).restored()?.next ?? 0
            number = reached > next ? 14 : number + 3
            next = reached
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = path as String, number = number as Int] in
                try KilledJob(directory: path).run(killedBefore: number)
            }
            kills += 1
        }
        #expect(kills >= 3)
        try KilledJob(directory: path).run()
        #expect(try Reading.shown(in: "\(path)/out.db").map(\.rowid) == all)
    }
}
