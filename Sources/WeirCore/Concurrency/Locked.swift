import Foundation

/// A value that one thread at a time may touch.
///
/// For what is touched now and then: starting, stopping, failing, reporting. Nothing in a record
/// loop takes a lock. Swift's own `Mutex` does the same, but on Linux the thread sanitizer does not
/// see it and reports races that are none; this lock it sees.
public final class Locked<Value: ~Copyable>: @unchecked Sendable {
    // Unchecked: `value` is touched only while `lock` is held.
    private let lock = NSLock()
    private var value: Value

    /// Keeps `value` behind a lock.
    public init(_ value: consuming sending Value) { self.value = value }

    /// Calls `body` with the value while no one else has it.
    ///
    /// - Throws: What `body` throws.
    public func withLock<Result>(
        _ body: (inout Value) throws -> sending Result
    ) rethrows -> sending Result {
        lock.lock()
        defer { lock.unlock() }
        return try body(&value)
    }
}
