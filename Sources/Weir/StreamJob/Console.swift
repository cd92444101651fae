internal import Synchronization
internal import WeirRuntime

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Where a job's program writes, and what it knows of who reads: a terminal, a pipe, a test.
struct Console: Sendable {
    /// Appends to standard output.
    var writeOutput: @Sendable (String) -> Void
    /// Appends to standard error.
    var writeError: @Sendable (String) -> Void
    /// Whether what goes to standard output may appear in a terminal: it is one, or a pipe to a
    /// program that may write to one; not a file.
    var outputMayBeSeen = false
    /// Whether standard error is a terminal that can move its cursor.
    var errorIsTerminal = false
    /// Whether colours are welcome in standard error.
    var hasColour = false
    /// The size of the terminal behind standard error, in characters.
    var size: @Sendable () -> (columns: Int, rows: Int) = { (80, 24) }
    /// Whether SIGINT and SIGTERM stop the job.
    var handlesSignals = false
    /// Why something written to standard output has not arrived there; `nil` where all has.
    var outputProblem: @Sendable () -> String? = { nil }

    /// The process's own.
    static var standard: Console {
        let term = Machine.environment("TERM") ?? ""
        let failure = Locked<Int32?>(nil)
        let note: @Sendable (Int32) -> Void = { code in
            // A reader who has seen enough, as `head` does, is no problem.
            if code != EPIPE { failure.withLock { $0 = $0 ?? code } }
        }
        let canMove = isatty(2) == 1 && term != "dumb" && !term.isEmpty
        return Console(
            writeOutput: {
                guard FileDescriptor.isInherited(1) else { return note(EBADF) }
                // What the job has printed comes first.
                if fflush(nil) != 0 { note(errno) }
                if let code = write($0, to: 1) { note(code) }
            },
            writeError: {
                if FileDescriptor.isInherited(2) { _ = write($0, to: 2) }
            },
            outputMayBeSeen: mayBeSeen(1), errorIsTerminal: canMove,
            hasColour: canMove && (Machine.environment("NO_COLOR") ?? "").isEmpty,
            size: { terminalSize(2) }, handlesSignals: true,
            outputProblem: {
                if fflush(nil) != 0 { note(errno) }
                return failure.withLock { $0 }.map { String(cString: strerror($0)) }
            })
    }

    /// The status to end with: that of the command, unless it is 0 and output has been lost.
    func finalStatus(_ status: Int32) -> Int32 {
        guard status == 0, let problem = outputProblem() else { return status }
        writeError(
            "error: cannot write to standard output: \(problem). Check where it is redirected to.\n"
        )
        return 1
    }

    /// Writes all of `text`.
    ///
    /// - Returns: The `errno` for which the rest was dropped; `nil` when all has been written.
    private static func write(_ text: String, to descriptor: Int32) -> Int32? {
        var text = text
        return text.withUTF8 { bytes -> Int32? in
            var rest = bytes[...]
            while !rest.isEmpty {
                // SAFETY: `rest` lies within `bytes`, which is alive in this closure.
                let piece = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: rest))
                #if canImport(Darwin)
                    let count = Darwin.write(descriptor, piece.baseAddress, piece.count)
                #elseif canImport(Musl)
                    let count = Musl.write(descriptor, piece.baseAddress, piece.count)
                #else
                    let count = Glibc.write(descriptor, piece.baseAddress, piece.count)
                #endif
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return errno }
                rest = rest.dropFirst(count)
            }
            return nil
        }
    }

    private static func mayBeSeen(_ descriptor: Int32) -> Bool {
        var status = stat()
        guard isatty(descriptor) == 0, fstat(descriptor, &status) == 0 else { return true }
        return [S_IFIFO, S_IFSOCK].contains(status.st_mode & S_IFMT)
    }

    private static func terminalSize(_ descriptor: Int32) -> (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0
        else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }
}
