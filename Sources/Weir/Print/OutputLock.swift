import Foundation

/// Writes whole blocks of lines to a descriptor, one writer at a time in the process.
enum OutputLock {
    /// A lock for each descriptor: one whose reader is slow must not hold up the others. Standard
    /// output and error share theirs, since they are often the same terminal.
    private static let locks = Locked<[Int32: NSLock]>([:])

    private static func lock(for descriptor: Int32) -> NSLock {
        locks.withLock { locks in
            let shared = descriptor == 2 ? 1 : descriptor
            let lock = locks[shared] ?? NSLock()
            locks[shared] = lock
            return lock
        }
    }

    /// Writes all bytes, going on after partial writes, interrupts and a full pipe.
    ///
    /// - Throws: ``PrintError``.
    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws {
        try lock(for: descriptor).withLock {
            try withoutPipeSignal {
                var written = 0
                while written < bytes.count {
                    let step = systemWrite(
                        descriptor, UnsafeRawBufferPointer(rebasing: bytes[written...]))
                    if step >= 0 { written += step } else { try handle(errno, descriptor) }
                }
            }
        }
    }

    /// What a descriptor is called in messages.
    static func name(of descriptor: Int32) -> String {
        switch descriptor {
        case 1: "standard output"
        case 2: "standard error"
        default: "descriptor \(descriptor)"
        }
    }

    private static func systemWrite(_ descriptor: Int32, _ rest: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            return Glibc.write(descriptor, rest.baseAddress, rest.count)
        #else
            return Darwin.write(descriptor, rest.baseAddress, rest.count)
        #endif
    }

    /// Returns where the write is to be tried again.
    private static func handle(_ code: Int32, _ descriptor: Int32) throws {
        switch code {
        case EINTR: return
        case EAGAIN:
            var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            _ = poll(&waiting, 1, -1)
        case EPIPE: throw PrintError.readerGone(output: name(of: descriptor))
        default:
            throw PrintError.failed(
                output: name(of: descriptor), reason: String(cString: strerror(code)))
        }
    }

    /// Runs `body` with SIGPIPE held back from this thread, so that a closed pipe is an error and
    /// does not end the process. Ignoring the signal in the whole process is not a library's right.
    private static func withoutPipeSignal(_ body: () throws -> Void) throws {
        var pipe = sigset_t()
        var before = sigset_t()
        var pending = sigset_t()
        sigemptyset(&pipe)
        sigaddset(&pipe, SIGPIPE)
        sigpending(&pending)
        let wasPending = sigismember(&pending, SIGPIPE) == 1
        pthread_sigmask(SIG_BLOCK, &pipe, &before)
        defer {
            sigpending(&pending)
            if !wasPending && sigismember(&pending, SIGPIPE) == 1 {
                // Ours: taken here, so that it does not arrive once the mask is back.
                var signal: Int32 = 0
                sigwait(&pipe, &signal)
            }
            pthread_sigmask(SIG_SETMASK, &before, nil)
        }
        try body()
    }
}
