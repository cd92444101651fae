import Foundation
import WeirTesting

/// Shows how far a sweep is, in standard error: in a terminal on one line, else on one a second.
struct SimulateProgress {
    private let isTerminal = isatty(2) == 1
    private let start = ContinuousClock.now
    private var lastShown: ContinuousClock.Instant?

    mutating func show(_ progress: SimulationSweep.Progress) {
        let now = ContinuousClock.now
        let pause: Duration = isTerminal ? .milliseconds(100) : .seconds(1)
        if let lastShown, now - lastShown < pause { return }
        lastShown = now
        let seconds = (now - start) / .seconds(1)
        let perSecond = seconds > 0 ? Double(progress.runs) / seconds : 0
        let left = perSecond > 0 ? Double(progress.allRuns - progress.runs) / perSecond : 0
        write(
            "\(progress.runs) of \(progress.allRuns) runs, \(perSecond.text(0)) a second, "
                + "\(left.text(0)) s left")
    }

    /// Takes the line away, so that what is printed next takes its place.
    mutating func clear() {
        if isTerminal, lastShown != nil { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
    }

    private func write(_ line: String) {
        let text = isTerminal ? "\r\(line)\u{1B}[K" : line + "\n"
        FileHandle.standardError.write(Data(text.utf8))
    }
}
