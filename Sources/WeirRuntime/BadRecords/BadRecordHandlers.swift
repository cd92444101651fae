public import WeirCore

/// Makes the handler that carries out `policy` for one source.
///
/// Each record that is set aside or passed over counts as `received` and as `deadLettered`, so that
/// the source's `received = passed + deadLettered` holds when the records it hands on are counted
/// as received and passed by whoever takes them. A record that stops the job is not counted.
///
/// - Parameters:
///   - policy: What is to happen to bad records.
///   - operatorName: The source's name, for messages and for the name of the file of dead letters.
///   - counters: Counters for this handler alone, to be added to those of the source's subtasks:
///     a ``Counter`` has one writer, and the handler writes these from the threads that read.
/// - Throws: ``BadRecordError`` when the policy makes no sense; ``FileSystemError`` when dead
///   letters would have to go into something that is a directory.
public func makeBadRecordHandler(
    policy: BadRecordPolicy, operatorName: String, counters: OperatorCounters
) throws -> any BadRecordHandler {
    switch policy {
    case .fail:
        return FailingHandler(operatorName: operatorName)
    case .skip(let limit):
        guard limit >= 0 else {
            throw BadRecordError.negativeLimit(limit, operatorName: operatorName)
        }
        return SkippingHandler(operatorName: operatorName, limit: limit, counters: counters)
    case .deadLetter(let path):
        let path = path ?? deadLetterPath(for: operatorName)
        if try FileStatus.ifPresent(path)?.isDirectory == true {
            throw FileSystemError.isDirectory("append to", path)
        }
        return DeadLetterFile(path: path, operatorName: operatorName, counters: counters)
    }
}

/// Where the dead letters of an operator go unless its policy names a file; what the name holds
/// that a file name may not becomes an underscore.
public func deadLetterPath(for operatorName: String) -> String {
    let name = operatorName.map { $0 == "/" || $0 == "\0" ? "_" : $0 }
    return "dead-letters/\(String(name)).jsonl"
}

/// Stops the job at the first bad record.
private struct FailingHandler: BadRecordHandler {
    let operatorName: String

    func handle(_ record: BadRecord) throws {
        throw BadRecordError.stopped(record, operatorName: operatorName)
    }
}

/// Counts bad records and passes over them, up to a limit.
private final class SkippingHandler: RecoverableBadRecords {
    private let operatorName: String
    private let limit: Int
    private let counters: OperatorCounters
    private let skipped = Locked(0)

    init(operatorName: String, limit: Int, counters: OperatorCounters) {
        self.operatorName = operatorName
        self.limit = limit
        self.counters = counters
    }

    func handle(_ record: BadRecord) throws {
        try skipped.withLock { skipped in
            guard skipped < limit else {
                throw BadRecordError.tooMany(limit: limit, record, operatorName: operatorName)
            }
            skipped += 1
            counters.received.add(1)
            counters.deadLettered.add(1)
        }
    }

    /// The number so far. Records read ahead of the barrier count, so after a failure the limit may be
    /// reached a few records early, and never late.
    func save() throws -> [UInt8] {
        var writer = StateWriter()
        writer.write(varint: UInt64(skipped.withLock { $0 }))
        return writer.bytes
    }

    func restore(_ saved: [UInt8]) throws {
        let count = try StateReader.reading(saved) { Int(clamping: try $0.readVarint()) }
        skipped.withLock { $0 = max($0, count) }
    }
}
