public import WeirCore

/// Makes the handler that carries out `policy` for one source.
///
/// The handler does not count for the ledger: a source's chain does, when it takes what was read.
///
/// - Parameters:
///   - policy: What is to happen to bad records.
///   - operatorName: The source's name, for messages and for the name of the file of dead letters.
/// - Throws: ``BadRecordError`` when the policy makes no sense; ``FileSystemError`` when dead
///   letters would have to go into something that is a directory.
public func makeBadRecordHandler(
    policy: BadRecordPolicy, operatorName: String
) throws -> any BadRecordHandler {
    switch policy {
    case .fail:
        return FailingHandler(operatorName: operatorName)
    case .skip(let limit):
        guard limit >= 0 else {
            throw BadRecordError.negativeLimit(limit, operatorName: operatorName)
        }
        return SkippingHandler(operatorName: operatorName, limit: limit)
    case .deadLetter(let path):
        let path = path ?? deadLetterPath(for: operatorName)
        if try FileStatus.ifPresent(path)?.isDirectory == true {
            throw FileSystemError.isDirectory("append to", path)
        }
        return DeadLetterFile(path: path, operatorName: operatorName)
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
    private let skipped = Locked(0)

    init(operatorName: String, limit: Int) {
        self.operatorName = operatorName
        self.limit = limit
    }

    func handle(_ record: BadRecord) throws {
        try skipped.withLock { skipped in
            guard skipped < limit else {
                throw BadRecordError.tooMany(limit: limit, record, operatorName: operatorName)
            }
            skipped += 1
        }
    }

    /// Nothing: the count of a checkpoint is that of the ledger, and this one is ahead of it.
    func save() throws -> [UInt8] { [] }

    func restore(_ saved: [UInt8], count: Int) throws {
        skipped.withLock { $0 = max($0, count) }
    }
}
