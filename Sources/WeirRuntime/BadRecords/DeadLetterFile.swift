import WeirCore

/// Sets bad records aside in a file of JSON Lines, one object a record:
/// `{"origin", "line", "offset", "reason", "text" (where it is valid UTF-8), "base64"}`.
///
/// The file, and its directory, come into being with the first bad record; a file that is there
/// already is added to. Each line goes out in one write, so that lines of several jobs that share
/// a file do not mix on a local disk.
///
/// After a restore the letters that the job has written are known by origin, line and offset. Those
/// that come again, from records read before the failure and after the checkpoint, are not written
/// twice. Memory: eight bytes or so for each letter since the job began.
final class DeadLetterFile: RecoverableBadRecords {
    private let path: String
    private let operatorName: String
    private let state = Locked(State())

    private struct State: ~Copyable {
        var file: FileDescriptor?
        var line: [UInt8] = []
        /// The file's length when the job began; `nil` until it is needed.
        var start: Int64?
        /// Whether there are letters that the disk may not hold.
        var isDirty = false
        /// The places of the letters that were there when the job was restored.
        var known: Set<UInt64> = []
    }

    init(path: String, operatorName: String) {
        self.path = path
        self.operatorName = operatorName
    }

    func handle(_ record: BadRecord) throws {
        try state.withLock { state in
            guard state.known.isEmpty || !state.known.contains(DeadLetterPlace(record).hash)
            else { return }
            do throws(FileSystemError) {
                try append(record, to: &state)
            } catch {
                // Part of the line may be there; whoever opens the file again ends it first.
                state.file = nil
                throw BadRecordError.notSetAside(
                    record, cause: error, operatorName: operatorName)
            }
        }
    }

    private func append(
        _ record: BadRecord, to state: inout State
    ) throws(FileSystemError) {
        if state.file == nil {
            if state.start == nil { state.start = try length() }
            try FileTree.makeDirectory(FileTree.parent(of: path))
            state.file = try FileDescriptor.appending(path)
            if Self.endsWithinLine(path) { try state.file?.write([UInt8(ascii: "\n")].span) }
        }
        state.line.removeAll(keepingCapacity: true)
        DeadLetterLine.append(record, to: &state.line)
        try state.file?.write(state.line.span)
        state.isDirty = true
    }

    /// The length of the file; 0 where there is none.
    private func length() throws(FileSystemError) -> Int64 {
        try FileStatus.ifPresent(path)?.size ?? 0
    }

    /// Whether the file's last line was cut off, by a disk that was full or a loss of power.
    ///
    /// A file that may be written but not read is taken for whole.
    private static func endsWithinLine(_ path: String) -> Bool {
        guard let status = try? FileStatus.of(path), status.isRegular, status.size > 0,
            let file = try? FileDescriptor.reading(path)
        else { return false }
        var last: [UInt8] = [0]
        guard (try? file.seek(to: status.size - 1)) != nil,
            let count = try? file.read(into: &last, from: 0), count == 1
        else { return false }
        return last != [UInt8(ascii: "\n")]
    }
}

// MARK: - Checkpoints

extension DeadLetterFile {
    /// Where the job's letters begin, and how long the file is; waits until the disk holds it.
    func save() throws -> [UInt8] {
        try state.withLock { state in
            let length = try length()
            let start = state.start ?? length
            state.start = start
            if state.isDirty {
                try state.file?.synchronize()
                FileTree.synchronize(FileTree.parent(of: path))
                state.isDirty = false
            }
            var writer = StateWriter()
            writer.write(signed: start)
            writer.write(signed: length)
            return writer.bytes
        }
    }

    func restore(_ saved: [UInt8], count: Int) throws {
        let (start, length) = try StateReader.reading(saved) {
            (try $0.readSigned(), try $0.readSigned())
        }
        let found = try FileStatus.ifPresent(path)?.size
        guard found ?? 0 >= length else {
            throw BadRecordError.lettersLost(
                path: path, expected: length, found: found, operatorName: operatorName)
        }
        try state.withLock { state in
            // Each subtask has saved the same place, and the letters behind it are known by now.
            if let known = state.start, known <= start { return }
            state.start = start
            if found ?? 0 > start { try readLetters(from: start, into: &state.known) }
        }
    }

    /// Notes the places of the letters behind `start`. A last line that was cut off stays, and is
    /// ended by whoever adds to the file; its record comes again.
    private func readLetters(from start: Int64, into known: inout Set<UInt64>) throws {
        let file = try FileDescriptor.reading(path)
        try file.seek(to: start)
        let decoder = RowFormat(DeadLetterPlace.self).jsonDecoder()
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var rest: [UInt8] = []
        while let found = try file.read(into: &buffer, from: 0), found > 0 {
            rest.append(contentsOf: buffer[..<found])
            var line = rest[...]
            while let end = line.firstIndex(of: UInt8(ascii: "\n")) {
                let letter = Array(line[..<end])
                // A line that is no letter was not written by this job.
                if let place = try? decoder.decode(letter.span) { known.insert(place.hash) }
                line = line[(end + 1)...]
            }
            rest = Array(line)
        }
    }
}

/// Where a bad record stood: what a letter is known by.
private struct DeadLetterPlace: Record {
    var origin = ""
    var line = 0
    var offset: Int64 = 0

    static let schema = Schema(DeadLetterPlace.init) {
        Field("origin", \.origin)
        Field("line", \.line)
        Field("offset", \.offset)
    }

    init() {}

    init(_ record: BadRecord) {
        (origin, line, offset) = (record.origin, record.line, record.offset)
    }

    var hash: UInt64 {
        var hasher = StableHasher()
        origin.hash(into: &hasher)
        hasher.combine(UInt64(bitPattern: Int64(line)))
        hasher.combine(UInt64(bitPattern: offset))
        return hasher.finalize()
    }
}

/// The text form of a dead letter.
enum DeadLetterLine {
    /// Appends `record` as one line of JSON, with its end.
    static func append(_ record: BadRecord, to line: inout [UInt8]) {
        line.append(contentsOf: #"{"origin":"#.utf8)
        append(quoting: record.origin, to: &line)
        line.append(contentsOf: #","line":\#(record.line),"offset":\#(record.offset)"#.utf8)
        line.append(contentsOf: #","reason":"#.utf8)
        append(quoting: record.reason, to: &line)
        if let text = String(validating: record.bytes, as: UTF8.self) {
            line.append(contentsOf: #","text":"#.utf8)
            append(quoting: text, to: &line)
        }
        line.append(contentsOf: #","base64":""#.utf8)
        append(base64: record.bytes, to: &line)
        line.append(contentsOf: "\"}\n".utf8)
    }

    private static func append(quoting text: String, to line: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        line.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                line.append(UInt8(ascii: "\\"))
                line.append(byte)
            case UInt8(ascii: "\n"): line.append(contentsOf: #"\n"#.utf8)
            case UInt8(ascii: "\r"): line.append(contentsOf: #"\r"#.utf8)
            case UInt8(ascii: "\t"): line.append(contentsOf: #"\t"#.utf8)
            case 0..<0x20:
                line.append(contentsOf: #"\u00"#.utf8)
                line.append(digits[Int(byte >> 4)])
                line.append(digits[Int(byte & 15)])
            default: line.append(byte)
            }
        }
        line.append(UInt8(ascii: "\""))
    }

    /// Source: RFC 4648, section 4.
    private static func append(base64 bytes: [UInt8], to line: inout [UInt8]) {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var index = 0
        while index < bytes.count {
            let group = bytes[index..<min(index + 3, bytes.count)]
            var bits: UInt32 = 0
            for byte in group { bits = bits << 8 | UInt32(byte) }
            bits <<= UInt32(3 - group.count) * 8
            for digit in 0..<4 {
                let six = Int(bits >> UInt32(18 - 6 * digit) & 63)
                line.append(digit <= group.count ? digits[six] : UInt8(ascii: "="))
            }
            index += 3
        }
    }
}
