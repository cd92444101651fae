import Foundation

/// Where and under what load the figures were taken.
struct Machine: Codable, Sendable {
    var processor: String
    var cores: Int
    var loadAverage: Double
    var compiler: String
    var peakMegabytes: Double

    /// The machine as it is now.
    static func current() -> Machine {
        var load = [0.0, 0.0, 0.0]
        let known = getloadavg(&load, 3)
        return Machine(
            processor: processorName(), cores: ProcessInfo.processInfo.activeProcessorCount,
            loadAverage: known > 0 ? load[0] : .nan, compiler: compilerVersion,
            peakMegabytes: ResourceUsage.current().peakMegabytes)
    }

    private static func processorName() -> String {
        let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = information.split(separator: "\n").first { $0.hasPrefix("model name") }
        let name = line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
        return name ?? "unknown processor"
    }

    private static var compilerVersion: String {
        #if compiler(>=6.4)
            "Swift 6.4 or later"
        #elseif compiler(>=6.3)
            "Swift 6.3"
        #else
            "Swift 6.2"
        #endif
    }

    var description: String {
        let load = loadAverage.formatted(.number.precision(.fractionLength(2)))
        let peak = peakMegabytes.formatted(.number.precision(.fractionLength(1)))
        return "\(processor), \(cores) cores, load average \(load), \(compiler), "
            + "peak resident memory \(peak) MB"
    }
}

/// What the process has used so far.
struct ResourceUsage {
    /// Seconds of processor time, user and system.
    var processorSeconds: Double
    var peakMegabytes: Double
    /// How often one of its threads lost its core to another thread.
    var preemptions: Int

    /// The bytes of memory that the process has now; not a number where that cannot be told.
    static var residentBytes: Double {
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?
            .split(separator: " ").dropFirst().first.flatMap { Double($0) }
        return (pages ?? .nan) * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    static func current() -> ResourceUsage {
        var usage = rusage()
        #if canImport(Darwin)
            getrusage(RUSAGE_SELF, &usage)
            let peakUnit = 1.0
        #else
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            let peakUnit = 1_024.0
        #endif
        let seconds = Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        let microseconds = Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
        return ResourceUsage(
            processorSeconds: seconds + microseconds / 1e6,
            peakMegabytes: Double(usage.ru_maxrss) * peakUnit / 1e6,
            preemptions: Int(usage.ru_nivcsw))
    }
}
