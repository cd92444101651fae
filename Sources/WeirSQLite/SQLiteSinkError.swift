public import WeirCore

/// Why a table of an SQLite file cannot be written: what, where, and how to mend it.
public enum SQLiteSinkError: Error, Equatable, Sendable {
    /// The path names no file that others could read: empty, or a database in memory.
    case invalidPath(path: String, table: String)
    /// The table's name is empty or one that SQLite keeps for itself.
    case invalidTable(path: String, table: String)
    /// A table whose rows are upserted was given no key.
    case noKey(path: String, table: String)
    /// A key names no field of the records.
    case unknownKey(path: String, table: String, key: String, fields: [String])
    /// A key field may be missing; SQLite would keep a row for each missing key.
    case optionalKey(path: String, table: String, key: String)
    /// A key names the same field twice.
    case repeatedKey(path: String, table: String, key: String)
    /// Two fields have one name but for the case of letters, which columns cannot.
    case repeatedColumn(path: String, table: String, fields: [String])
    /// The fields of the records could not be found out.
    case unusableRecord(path: String, table: String, reason: String)
    /// The file or a directory on its path cannot be opened or made.
    case cannotOpen(path: String, table: String, reason: String)
    /// The file holds something else than an SQLite database, or is damaged.
    case notADatabase(path: String, table: String, reason: String)
    /// The file, or the directory in which the journal would stand, cannot be written.
    case readOnly(path: String, table: String)
    /// The file was moved or deleted while it was being written.
    case moved(path: String, table: String)
    /// Another connection held the lock for longer than the sink waits.
    case locked(path: String, table: String, waited: Duration)
    /// The disk, or the size allowed to the file, is used up.
    case full(path: String, table: String, reason: String)
    /// The table that is there has other columns, types or key than the records need.
    case mismatched(path: String, table: String, differences: [String])
    /// A value has no counterpart in SQLite.
    case unrepresentable(path: String, table: String, field: String, reason: String)
    /// What the checkpoint has prepared in the file is not there.
    case notAsPrepared(path: String, table: String, reason: String)
    /// The table has the rows of later epochs than the one that the job goes on from.
    case ahead(path: String, table: String, committed: Int, restored: Int)
    /// A constraint of the table refused a row.
    case rejected(path: String, table: String, reason: String)
    /// Anything else that SQLite reports, with its extended result code.
    case failed(path: String, table: String, code: Int32, reason: String)
}

extension SQLiteSinkError: CustomStringConvertible {
    public var description: String { "SQLite table \(Self.name(table)) in \(path): \(problem)" }

    /// The file.
    public var path: String { place.path }
    /// The table.
    public var table: String { place.table }

    private var place: (path: String, table: String) {
        switch self {
        case .invalidPath(let path, let table), .invalidTable(let path, let table),
            .noKey(let path, let table),
            .unknownKey(let path, let table, _, _), .optionalKey(let path, let table, _),
            .repeatedKey(let path, let table, _), .repeatedColumn(let path, let table, _),
            .unusableRecord(let path, let table, _), .cannotOpen(let path, let table, _),
            .notADatabase(let path, let table, _), .readOnly(let path, let table),
            .moved(let path, let table), .locked(let path, let table, _),
            .full(let path, let table, _), .mismatched(let path, let table, _),
            .unrepresentable(let path, let table, _, _), .rejected(let path, let table, _),
            .failed(let path, let table, _, _), .notAsPrepared(let path, let table, _),
            .ahead(let path, let table, _, _):
            (path, table)
        }
    }

    private var problem: String { definitionProblem ?? fileProblem }

    /// What is wrong with the sink as the job states it.
    private var definitionProblem: String? {
        switch self {
        case .invalidPath:
            "the path must name a file. Give one; a database in memory would vanish with the job."
        case .invalidTable:
            "the table needs a name that does not begin with \"sqlite_\" or \"weir_staged_\" and is "
                + "not \"weir_epochs\". Give it one."
        case .noKey:
            "rows are to be upserted, and no key says which replaces which. Name the key's fields, or "
                + "append the rows with `SQLiteTable(appendingTo:table:)`."
        case .unknownKey(_, _, let key, let fields):
            "the key \(key) is no field of the records, which have "
                + "\(Self.list(fields)). Name one of these, as the outside world knows it."
        case .optionalKey(_, _, let key):
            "the key \"\(key)\" may be missing, and rows without a key would never be found again. "
                + "Make the field non-optional, or leave it out of the key."
        case .repeatedKey(_, _, let key):
            "the key names \"\(key)\" twice. Name it once."
        case .repeatedColumn(_, _, let fields):
            "the fields \(Self.list(fields)) would be one column, because SQLite ignores the case "
                + "of column names. Rename one."
        case .unusableRecord(_, _, let reason):
            "the columns cannot be derived from the records: \(reason)"
        case .unrepresentable(_, _, let field, let reason):
            "field \"\(field)\": \(reason)"
        default: nil
        }
    }

    /// What is wrong with the file or the table.
    private var fileProblem: String {
        switch self {
        case .cannotOpen(_, _, let reason):
            "the file cannot be opened: \(reason). Check the path and its directories."
        case .notADatabase(_, _, let reason):
            "the file is not a usable SQLite database: \(reason). Give another path, or move the "
                + "file away."
        case .readOnly:
            "the file or its directory cannot be written. Grant the permission to write both, or "
                + "give another path."
        case .moved:
            "the file was moved or deleted while the job wrote it. Leave it in place until the job "
                + "has ended, and run the job again."
        case .locked(_, _, let waited):
            "another connection has kept the file locked for \(waited). Close the program that "
                + "writes it, or raise the sink's `busyTimeout`."
        case .full(_, _, let reason):
            "no room is left: \(reason). Free space on the disk, or give a path on another one; "
                + "what was committed so far is safe."
        case .mismatched(_, _, let differences):
            "the table that is there does not fit the records: "
                + differences.joined(separator: "; ") + ". Give another table name, alter or drop "
                + "the table, or say `existing: .replace` to have it dropped and made anew."
        case .notAsPrepared(_, _, let reason):
            "the file is not as the checkpoint has left it: \(reason). Put the file back, or start "
                + "the job without restoring."
        case .ahead(_, _, let committed, let restored):
            "the table has the rows of epoch \(committed), and the job goes on from the checkpoint of "
                + "epoch \(restored): rows would be there twice. Restore the checkpoint of epoch "
                + "\(committed), put back the file of that time, or start the job without restoring, "
                + "with `existing: .replace`."
        case .rejected(_, _, let reason):
            "a row was refused: \(reason). Relax the table's constraint, or make the job's rows "
                + "obey it."
        case .failed(_, _, let code, let reason):
            "SQLite reports \"\(reason)\" (code \(code)). The code is explained at "
                + "https://www.sqlite.org/rescode.html."
        default: ""
        }
    }

    private static func name(_ table: String) -> String { "\"\(table)\"" }

    private static func list(_ names: [String]) -> String {
        names.isEmpty ? "none" : names.map(name).joined(separator: ", ")
    }
}

extension SQLiteSinkError: RetryableError {
    /// Where it is a matter of time: a lock, a full disk, a path that is not there yet, and what SQLite
    /// reports without more ado.
    public var isRetryable: Bool {
        switch self {
        case .cannotOpen, .locked, .full, .failed: true
        default: false
        }
    }
}
