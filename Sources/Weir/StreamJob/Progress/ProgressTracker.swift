import WeirCore
import WeirRuntime

/// Turns samples of a job's metrics into what is shown: rates over the last second.
struct ProgressTracker {
    private let job: String
    /// Samples of the last second, the oldest first, and the one before.
    private var samples: [JobMetrics] = []

    init(job: String) { self.job = job }

    /// Adds a sample.
    ///
    /// - Parameter now: The wall clock, for the lag of watermarks.
    mutating func frame(
        _ metrics: JobMetrics, now: Timestamp, isStopping: Bool = false,
        checkpoints: CheckpointHistory? = nil
    ) -> ProgressFrame {
        // A job that has started again counts from its checkpoint.
        if let last = samples.last, last.elapsedSeconds > metrics.elapsedSeconds { samples = [] }
        samples.append(metrics)
        while samples.count > 2, samples[1].elapsedSeconds <= metrics.elapsedSeconds - 1 {
            samples.removeFirst()
        }
        let base = samples.count > 1 && !samples[0].operators.isEmpty ? samples[0] : nil
        let rows = metrics.operators.enumerated().map { index, entry in
            row(
                entry, base?.operators[index], metrics.elapsedSeconds, base?.elapsedSeconds ?? 0,
                now)
        }
        let sources = zip(metrics.operators, rows).filter { $0.0.kind == .source }.map(\.1)
        return ProgressFrame(
            job: job, isStopping: isStopping, elapsedSeconds: metrics.elapsedSeconds,
            recordsRead: sources.reduce(0) { $0 + $1.received },
            rate: sources.reduce(0) { $0 + $1.rate }, rows: rows,
            checkpoints: checkpoints.map { CheckpointText($0).progress })
    }

    private func row(
        _ entry: OperatorMetrics, _ base: OperatorMetrics?, _ end: Double, _ start: Double,
        _ now: Timestamp
    ) -> ProgressFrame.Row {
        let span = end - start
        let received = entry.counts.received - (base?.counts.received ?? 0)
        let blocked = entry.blockedFraction * end - (base?.blockedFraction ?? 0) * start
        return ProgressFrame.Row(
            name: entry.id.name, received: entry.counts.received,
            rate: span > 0 ? Double(received) / span : 0, watermark: entry.watermark,
            lag: entry.watermark.flatMap { lag($0, now) },
            backPressure: span > 0 ? min(1, max(0, blocked / span)) : 0,
            stateBytes: entry.stateBytes)
    }

    /// How far a watermark is behind the clock; `nil` where it is days away, as in a replay.
    private func lag(_ watermark: Timestamp, _ now: Timestamp) -> Duration? {
        let lag = now - watermark
        return lag < .days(1) && lag > .zero - .days(1) ? lag : nil
    }
}
