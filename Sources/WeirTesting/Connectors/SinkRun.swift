import WeirCore

/// One run of a ``SinkConformance``: what the coordinator of a job's checkpoints does, with failures.
final class SinkRun<S: Sink> where S.Element: Hashable {
    private(set) var history: [String] = []
    private(set) var events: [SinkEvent: Int] = [:]

    private let conformance: SinkConformance<S>
    private let place: SinkConformance<S>.Place
    private var random: SeededGenerator
    private var writers: [S.Writer] = []
    private var lastParallelism: Int?
    /// The next row of the source.
    private var next = 0
    private var lastBegun = Epoch.none
    /// Prepared by this run's writers for checkpoints that have failed since the last complete one.
    private var carried: [PreparedTransaction] = []
    private var checkpoints: [Checkpoint] = []
    /// The rows that must be shown.
    private var visible = 0

    private struct Checkpoint {
        let epoch: Epoch
        let next: Int
        let transactions: [PreparedTransaction]
    }

    /// The job dies here.
    private struct Crash: Error {}

    init(
        _ conformance: SinkConformance<S>, _ place: SinkConformance<S>.Place, seed: UInt64
    ) {
        self.conformance = conformance
        self.place = place
        random = SeededGenerator(seed: seed)
    }

    func run() throws {
        var finishes = 0
        // Once more after the end, from the last checkpoint: what is complete must stay so.
        while finishes < 2 {
            do {
                try start()
                while next < conformance.rowCount || checkpoints.last?.next != next {
                    try runEpoch()
                }
                if finishes == 0, chance(0.3) { try runEpoch() }
                try crash(0.1, "before the end")
                try finish()
                finishes += 1
                if finishes == 1, chance(0.5) { return }
            } catch is Crash {
                note(.crashed)
            }
            writers = []
        }
    }

    // MARK: - Chance

    private func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &random) < probability
    }

    private func crash(_ probability: Double, _ place: String) throws {
        guard chance(probability) else { return }
        let isKilled = chance(0.5)
        history.append("crash \(place), \(isKilled ? "killed" : "abandoned")")
        if !isKilled { for index in writers.indices { writers[index].abandon() } }
        throw Crash()
    }

    private func note(_ event: SinkEvent, _ text: String? = nil) {
        events[event, default: 0] += 1
        if let text { history.append(text) }
    }

    // MARK: - Starting

    private func start() throws {
        if conformance.isRewindable, checkpoints.count > 1, chance(0.15) {
            let dropped = checkpoints.removeLast()
            note(.wentBack, "checkpoint \(dropped.epoch) is lost")
        }
        let most = min(3, place.sink.maximumParallelism ?? 3)
        let parallelism = Int.random(in: 1...most, using: &random)
        if let lastParallelism, lastParallelism != parallelism { note(.rescaled) }
        lastParallelism = parallelism
        let restored = checkpoints.last
        history.append("start \(parallelism) writers after \(restored?.epoch ?? .none)")
        writers = try (0..<parallelism).map { index in
            try place.sink.writer(
                context: SubtaskContext(
                    job: "conformance", operatorName: "sink", subtask: index,
                    parallelism: parallelism, isCheckpointed: true))
        }
        carried = []
        next = restored?.next ?? 0
        // A process that was killed may not have left word of the epochs that it had begun.
        if chance(0.5) { lastBegun = restored?.epoch ?? .none }
        if restored != nil || chance(0.5) { try recover(restored) }
        visible = next
        try check("after the start")
        try begin()
    }

    private func recover(_ checkpoint: Checkpoint?) throws {
        let epoch = checkpoint?.epoch ?? .none
        let given = writers.indices.map { index in
            (checkpoint?.transactions ?? []).filter { $0.subtask % writers.count == index }
        }
        if checkpoint != nil {
            for index in writers.indices {
                try writers[index].validateRecovery(given[index], after: epoch)
            }
            // It must have changed nothing that a later start needs.
            try crash(0.05, "before recovering")
        }
        for index in writers.indices {
            for _ in 0..<(chance(0.2) ? 2 : 1) {
                note(.recovered, "recover \(index): \(given[index].map(\.epoch))")
                try writers[index].recover(given[index], after: epoch)
            }
            try crash(0.05, "while recovering")
        }
    }

    private func begin() throws {
        lastBegun = lastBegun.next
        history.append("begin \(lastBegun)")
        for index in writers.indices { try writers[index].begin(lastBegun) }
    }

    // MARK: - Epochs

    private func runEpoch() throws {
        try write()
        try crash(0.06, "before prepare")
        let prepared = try prepare()
        if chance(0.15) {
            note(.checkpointFailed, "checkpoint \(lastBegun) fails")
            carried += prepared
            return try begin()
        }
        try crash(0.06, "after prepare")
        complete(prepared)
        try crash(0.06, "before commit")
        try begin()
        if chance(0.4) { try write() }
        try commit()
        try crash(0.06, "after commit")
    }

    private func write() throws {
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            var batch = Batch<S.Element>()
            for _ in 0..<Int.random(in: 0...5, using: &random) where next < conformance.rowCount {
                batch.append(conformance.row(next), at: .epoch)
                next += 1
            }
            let index = Int.random(in: writers.indices, using: &random)
            history.append("write \(batch.count) rows up to \(next) by \(index)")
            try writers[index].write(&batch)
            guard batch.isEmpty else { throw Problem("`write` has not emptied the batch") }
            if chance(0.3) { try writers[index].flush() }
        }
        try check("while epoch \(lastBegun) is written")
    }

    private func prepare() throws -> [PreparedTransaction] {
        // A barrier that was given up before it came here: the next one ends the epoch.
        if chance(0.1) { lastBegun = lastBegun.next }
        var prepared: [PreparedTransaction] = []
        for index in writers.indices {
            history.append("prepare \(lastBegun) by \(index)")
            if let content = try writers[index].prepare(lastBegun) {
                prepared.append(
                    PreparedTransaction(epoch: lastBegun, subtask: index, content: content))
            }
            try crash(0.03, "while preparing")
        }
        try check("after epoch \(lastBegun) was prepared")
        return prepared
    }

    private func complete(_ prepared: [PreparedTransaction]) {
        note(.completed, "checkpoint \(lastBegun) is complete")
        checkpoints.append(
            Checkpoint(epoch: lastBegun, next: next, transactions: carried + prepared))
        carried = []
    }

    private func commit() throws {
        guard let checkpoint = checkpoints.last else { return }
        for transaction in checkpoint.transactions {
            for event in chance(0.1) ? [SinkEvent.committed, .committedAgain] : [.committed] {
                note(event, "\(event): \(transaction.epoch) by \(transaction.subtask)")
                try writers[transaction.subtask].commit(transaction)
            }
            try crash(0.04, "between commits")
        }
        visible = checkpoint.next
        try check("after the commit of \(checkpoint.epoch)")
    }

    private func finish() throws {
        // The last epoch is empty, as after the last barrier.
        let prepared = try prepare()
        complete(prepared)
        try commit()
        for index in writers.indices { try writers[index].finish() }
        note(.finished, "finish")
        try check("after the end", isFinished: true)
    }

    // MARK: - Comparing

    private struct Problem: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    private func check(_ moment: String, isFinished: Bool = false) throws {
        let guarantee = place.sink.guarantee
        guard isFinished || guarantee == .transactional else { return }
        let isShown = isFinished || conformance.visibility == .byEpoch
        let rows = isShown ? (0..<visible).map(conformance.row) : []
        var difference = Self.counts(of: conformance.expected(rows))
        for row in try place.shown() { difference[row, default: 0] -= 1 }
        let missing = difference.filter { $0.value > 0 }.keys
        let surplus = difference.filter { $0.value < 0 }.keys
        if let row = missing.first {
            throw Problem("\(moment), \(missing.count) rows are missing, such as \(row)")
        }
        if guarantee != .atLeastOnce, let row = surplus.first {
            throw Problem("\(moment), \(surplus.count) rows are too many, such as \(row)")
        }
    }

    private static func counts(of rows: [S.Element]) -> [S.Element: Int] {
        Dictionary(rows.map { ($0, 1) }, uniquingKeysWith: +)
    }
}
