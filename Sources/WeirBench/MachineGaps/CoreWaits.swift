import Foundation

/// How long the process's threads were ready to run and had no core, by the kernel's own count.
///
/// Threads come and go; each look adds what the threads that are there have waited since the look before.
/// What a thread waits after the last look at it is not seen.
struct CoreWaits: Sendable {
    /// Nanoseconds that threads have waited so far, by thread.
    typealias Look = [Int: Int]

    private var last: Look?
    /// Nanoseconds, of all threads.
    private(set) var total = 0
    /// The longest wait of one thread between two looks.
    private(set) var longest = 0
    /// When that was seen, by the clock that `add` is told.
    private(set) var longestAt = 0

    /// Takes a look; the first only says where to count from.
    mutating func add(_ look: Look, at time: Int) {
        defer { last = look }
        guard let last else { return }
        for (thread, waited) in look {
            // The kernel uses a thread's number again: one that has waited less is another one.
            let before = last[thread] ?? 0
            let since = waited >= before ? waited - before : waited
            total += since
            if since > longest { (longest, longestAt) = (since, time) }
        }
    }

    /// What the process's threads have waited, but for one; `nil` where the kernel does not tell.
    static func look(leavingOut own: Int) -> Look? {
        let folder = "/proc/self/task"
        guard let threads = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            return nil
        }
        var look = Look()
        for thread in threads.compactMap({ Int($0) }) where thread != own {
            // A thread may have ended since the folder was read.
            guard
                let text = try? String(
                    contentsOfFile: "\(folder)/\(thread)/schedstat", encoding: .utf8)
            else { continue }
            guard let waited = waited(in: text) else { return nil }
            look[thread] = waited
        }
        return look
    }

    /// The second number of a `schedstat` file: nanoseconds on a core, nanoseconds waiting for one, turns.
    static func waited(in text: String) -> Int? {
        let numbers = text.split(whereSeparator: \.isWhitespace).map { Int($0) }
        return numbers.count == 3 ? numbers[1] : nil
    }
}

/// What other guests of the host took from this machine's cores.
enum StolenTime {
    /// Hundredths of a second so far, of all cores; `nil` where the kernel does not tell.
    static var ticks: Int? {
        (try? String(contentsOfFile: "/proc/stat", encoding: .utf8)).flatMap(ticks(in:))
    }

    /// The eighth number of the line `cpu`: user, nice, system, idle, iowait, irq, softirq, steal.
    static func ticks(in text: String) -> Int? {
        let line = text.split(separator: "\n").first { $0.hasPrefix("cpu ") }
        let numbers = line?.split(separator: " ").dropFirst().map { Int($0) } ?? []
        return numbers.count >= 8 ? numbers[7] : nil
    }
}
