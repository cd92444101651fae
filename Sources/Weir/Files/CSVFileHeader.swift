import WeirCore

/// Where the names of a CSV file's columns come from.
public enum CSVFileHeader: Equatable, Sendable {
    /// Each file begins with them.
    case present
    /// No file has them: they are these, from left to right.
    case absent([String])
}

/// Reads headers and checks them against a format.
struct CSVHeaderLine<Row: Sendable>: Sendable {
    let format: RowFormat<Row>
    let options: CSVOptions
    let header: CSVFileHeader

    /// How quotes are dealt with when they may enclose line ends.
    var quoting: RecordSplitter.Quoting? {
        guard let quote = options.quote.asciiValue, let delimiter = options.delimiter.asciiValue
        else { return nil }
        return RecordSplitter.Quoting(quote: quote, delimiter: delimiter)
    }

    /// Reads the header from the start of a file, if there is to be one, and makes the decoder for
    /// what follows.
    ///
    /// - Returns: The decoder and the number of columns; `nil` when the job was asked to stop.
    /// - Throws: ``FileError/noHeader(path:)``, ``FileError/headerMismatch(path:problem:)``, or what
    ///   reading throws.
    func decoder(
        from splitter: inout RecordSplitter, path: String
    ) throws -> (CSVRecordDecoder<Row>, columns: Int)? {
        switch header {
        case .absent(let columns):
            return (try format.csvDecoder(header: columns, options: options), columns.count)
        case .present:
            guard let names = try names(from: &splitter, path: path) else { return nil }
            return (try decoder(for: names, path: path), names.count)
        }
    }

    /// Checks what does not depend on any file.
    func validate() throws {
        try format.validate()
        if case .absent(let columns) = header {
            _ = try format.csvDecoder(header: columns, options: options)
        } else {
            // With every column there, only the options can be at fault.
            _ = try format.csvDecoder(header: format.fields.map(\.name), options: options)
        }
    }

    private func names(from splitter: inout RecordSplitter, path: String) throws -> [String]? {
        do {
            switch try splitter.next(mayWait: true) {
            case .record: break
            case .bad(let reason):
                throw FileError.headerMismatch(
                    path: path, problem: "its first line is bad: \(reason).")
            case .starved, .end: throw FileError.noHeader(path: path)
            }
        } catch is StoppedWaiting {
            return nil
        }
        guard let names = cells(splitter.window.bytes[splitter.record]) else {
            throw FileError.headerMismatch(path: path, problem: "its first line is not UTF-8.")
        }
        return names
    }

    private func decoder(for names: [String], path: String) throws -> CSVRecordDecoder<Row> {
        let known = Set(format.fields.flatMap { [$0.name] + $0.aliases })
        // Were all fields optional, a file with other columns would be read as so many empty rows.
        guard names.contains(where: known.contains) else {
            throw FileError.headerMismatch(
                path: path,
                problem: "none of the fields of \(format.typeName) is in its header, which is "
                    + "\(quoted(names)); wanted are \(quoted(format.fields.map(\.name))).")
        }
        do {
            return try format.csvDecoder(header: names, options: options)
        } catch {
            throw FileError.headerMismatch(path: path, problem: error.description)
        }
    }

    private func quoted(_ names: [String]) -> String {
        names.map { "\"\($0)\"" }.joined(separator: ", ")
    }

    /// The cells of a line; `nil` when it is not UTF-8.
    private func cells(_ line: ArraySlice<UInt8>) -> [String]? {
        guard let quoting else { return nil }
        var cells: [[UInt8]] = [[]]
        var isQuoted = false
        var rest = line
        while let byte = rest.popFirst() {
            if isQuoted {
                if byte != quoting.quote {
                    cells[cells.count - 1].append(byte)
                } else if rest.first == quoting.quote {
                    cells[cells.count - 1].append(byte)
                    rest = rest.dropFirst()
                } else {
                    isQuoted = false
                }
            } else if byte == quoting.delimiter {
                cells.append([])
            } else if byte == quoting.quote && cells[cells.count - 1].isEmpty {
                isQuoted = true
            } else {
                cells[cells.count - 1].append(byte)
            }
        }
        let names = cells.compactMap { String(validating: $0, as: UTF8.self) }
        return names.count == cells.count ? names : nil
    }
}
