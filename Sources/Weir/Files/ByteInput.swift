import WeirRuntime

/// A stream of bytes that is read from its start to its end: a file, or what a compressed file
/// holds.
///
/// A class per layer and one dynamic call per buffer, so the layers cost nothing per record.
protocol ByteInput: AnyObject {
    /// Reads some bytes into `buffer` from `start` on, waiting for at least one.
    ///
    /// - Returns: How many; 0 at the end.
    func read(into buffer: inout [UInt8], from start: Int) throws -> Int
}

/// Thrown by a wait for input when the job has been asked to stop.
struct StoppedWaiting: Error {}

/// The bytes of a file as they stand on the disk or come through a pipe.
final class PlainInput: ByteInput {
    private let file: FileDescriptor
    private let isStopping: @Sendable () -> Bool
    /// Bytes read ahead to find out the compression, to be handed out first.
    private var ahead: [UInt8] = []
    /// Whether reading may wait for as long as it likes: a pipe, a terminal.
    let isLive: Bool
    private var isAtEnd = false

    /// How long a wait lasts before the reader looks whether the job has been asked to stop. Long
    /// enough to cost nothing; a signal ends the wait at once.
    private static let waitMilliseconds: Int32 = 500

    init(
        _ file: consuming FileDescriptor, isStopping: @escaping @Sendable () -> Bool = { false }
    ) throws {
        isLive = try !file.status().isRegular
        self.file = file
        self.isStopping = isStopping
    }

    /// The first bytes, which stay to be read; fewer than `count` only at the end of the file.
    func peek(_ count: Int) throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: count)
        while ahead.count < count {
            let found = try readFile(into: &buffer, from: 0, atMost: count - ahead.count)
            if found == 0 { break }
            ahead.append(contentsOf: buffer[..<found])
        }
        return ahead
    }

    /// The length of a regular file.
    func size() throws -> Int64 { try file.status().size }

    func seek(to offset: Int64) throws {
        ahead = []
        try file.seek(to: offset)
    }

    func read(into buffer: inout [UInt8], from start: Int) throws -> Int {
        if !ahead.isEmpty {
            let taken = min(ahead.count, buffer.count - start)
            buffer.replaceSubrange(start..<start + taken, with: ahead[..<taken])
            ahead.removeFirst(taken)
            return taken
        }
        return try readFile(into: &buffer, from: start, atMost: .max)
    }

    private func readFile(
        into buffer: inout [UInt8], from start: Int, atMost limit: Int
    ) throws -> Int {
        // A terminal can deliver more after it has said that it has ended.
        if isAtEnd { return 0 }
        if limit < buffer.count - start {
            var small = [UInt8](repeating: 0, count: limit)
            let found = try readFile(into: &small, from: 0, atMost: .max)
            buffer.replaceSubrange(start..<start + found, with: small[..<found])
            return found
        }
        while true {
            if isLive {
                // What is there already is still read when the job is to stop.
                while try !file.waitUntilReadable(
                    milliseconds: isStopping() ? 0 : Self.waitMilliseconds)
                {
                    if isStopping() { throw StoppedWaiting() }
                }
            }
            if let found = try file.read(into: &buffer, from: start) {
                isAtEnd = found == 0
                return found
            }
        }
    }
}
