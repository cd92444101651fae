import Foundation
import WeirCore

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// How much memory the process takes, and how much it may.
public struct ProcessMemory: Hashable, Sendable {
    /// The bytes that lie in memory now: the process's resident set.
    public var residentBytes: Int
    /// The bytes that the machine has, or that the process's control group allows it where that is less.
    public var allowedBytes: Int

    /// Says what was read.
    public init(residentBytes: Int, allowedBytes: Int) {
        self.residentBytes = residentBytes
        self.allowedBytes = allowedBytes
    }

    /// Reads what the system says; `nil` where it does not.
    ///
    /// - Complexity: A few reads of `/proc`, some ten microseconds.
    static var current: ProcessMemory? {
        guard let resident = residentBytes else { return nil }
        return ProcessMemory(residentBytes: resident, allowedBytes: allowed)
    }

    /// The machine does not grow, and control groups seldom.
    private static let allowed = allowedBytes(
        ofMachine: Int(clamping: ProcessInfo.processInfo.physicalMemory)
    ) { try? String(contentsOfFile: $0, encoding: .utf8) }

    /// The lowest limit among the machine and the process's control groups, of either version.
    ///
    /// - Parameter read: Gives the content of a file; `nil` where there is none.
    static func allowedBytes(ofMachine machine: Int, read: (String) -> String?) -> Int {
        var lowest = machine
        for line in (read("/proc/self/cgroup") ?? "").split(separator: "\n") {
            let parts = line.split(
                separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let isVersion2 = parts[0] == "0" && parts[1].isEmpty
            guard isVersion2 || parts[1].split(separator: ",").contains("memory") else { continue }
            let root = isVersion2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory"
            let file = isVersion2 ? "memory.max" : "memory.limit_in_bytes"
            // A container sees its own group as the root, or by a path that leads nowhere in it.
            var path = parts[2].split(separator: "/")
            while true {
                let name = ([root] + path.map(String.init) + [file]).joined(separator: "/")
                let text = read(name)?.trimmingCharacters(in: .whitespacesAndNewlines)
                if let limit = text.flatMap({ Int($0) }), limit > 0 { lowest = min(lowest, limit) }
                if path.isEmpty { break }
                path.removeLast()
            }
        }
        return lowest
    }

    #if canImport(Darwin)
        private static var residentBytes: Int? {
            var info = mach_task_basic_info()
            var count = mach_msg_type_number_t(
                MemoryLayout<mach_task_basic_info>.size / MemoryLayout<natural_t>.size)
            let status = withUnsafeMutablePointer(to: &info) { pointer in
                pointer.withMemoryRebound(to: integer_t.self, capacity: Int(count)) {
                    task_info(mach_task_self_, task_flavor_t(MACH_TASK_BASIC_INFO), $0, &count)
                }
            }
            return status == KERN_SUCCESS ? Int(clamping: info.resident_size) : nil
        }
    #else
        private static var residentBytes: Int? {
            guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
            else { return nil }
            let fields = text.split(separator: " ")
            return fields.count > 1 ? Int(fields[1]).map { $0 * pageSize } : nil
        }

        private static let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
    #endif
}
