import Foundation
import Weir

/// A file of JSON Lines that a query's result is written to, one array a row.
///
/// The rows of an append-only result are written as they come, so their order differs from run to
/// run: sort both sides before comparing. Those of an updating result are kept, as rows may be
/// retracted, and what is left is written at the end, sorted.
public final class RowFile: Sendable {
    private let path: String
    private let isUpdating: Bool
    private let state: Locked<State>

    private struct State {
        let handle: FileHandle
        /// How often each row of an updating result is there.
        var table: [String: Int] = [:]
    }

    /// Creates the file, or empties it.
    ///
    /// - Parameter isUpdating: Whether rows may be retracted.
    /// - Throws: ``RowFileError`` when that is not allowed there.
    public init(_ path: String, isUpdating: Bool) throws {
        self.path = path
        self.isUpdating = isUpdating
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else { throw RowFileError.cannotCreate(path: path) }
        state = Locked(State(handle: handle))
    }

    /// Takes rows; called by the subtasks of the sink, side by side.
    func write(_ rows: [(line: String, isAdded: Bool)]) throws {
        try state.withLock { state in
            if isUpdating {
                for row in rows { state.table[row.line, default: 0] += row.isAdded ? 1 : -1 }
            } else {
                try state.handle.write(contentsOf: Self.lines(rows.lazy.map(\.line)))
            }
        }
    }

    /// Writes what is left to write, and closes the file.
    ///
    /// - Throws: ``RowFileError`` when more of a row was taken back than put out, which is a bug.
    public func finish() throws {
        try state.withLock { state in
            if let (row, count) = state.table.first(where: { $0.value < 0 }) {
                throw RowFileError.unmatchedRetraction(row: row, count: -count)
            }
            let rows = state.table.filter { $0.value > 0 }.sorted { $0.key < $1.key }
            try state.handle.write(
                contentsOf: Self.lines(
                    rows.lazy.flatMap { repeatElement($0.key, count: $0.value) }))
            try state.handle.close()
        }
    }

    private static func lines(_ rows: some Sequence<String>) -> Data {
        var text = ""
        for row in rows { text += row }
        return Data(text.utf8)
    }
}

/// Why rows could not be written.
public enum RowFileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// There is no place for the file.
    case cannotCreate(path: String)
    /// A row was taken back that had not been put out: a bug of the engine.
    case unmatchedRetraction(row: String, count: Int)

    public var description: String {
        switch self {
        case .cannotCreate(let path):
            "cannot create '\(path)': look whether its directory exists and may be written to"
        case .unmatchedRetraction(let row, let count):
            "internal: \(count) more of the row \(row) were taken back than put out"
        }
    }
}
