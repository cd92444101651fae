import WeirRuntime

/// An input file with what decompresses it, ready to be read.
struct OpenInput {
    /// What the content is read from.
    let bytes: any ByteInput
    /// The file itself, below a layer that decompresses.
    let file: PlainInput
    /// How the file is compressed; `nil` where that is found out with its first bytes.
    let compression: FileCompression?

    /// The path that stands for standard input.
    static let standardInputPath = "-"

    /// The name of `path` in messages.
    static func displayName(_ path: String) -> String {
        path == standardInputPath ? "standard input" : path
    }

    /// Opens `path` (`-`: standard input) and finds out how it is compressed.
    ///
    /// Opening never waits: where the first bytes may be long in coming, they are looked at when
    /// the content is read.
    ///
    /// - Throws: ``FileSystemError`` when it cannot be opened; ``FileError/traitMissing(path:_:)``.
    init(
        _ path: String, options: FileReadOptions,
        isStopping: @escaping @Sendable () -> Bool = { false }
    ) throws {
        try options.validate()
        let descriptor =
            path == Self.standardInputPath
            ? try FileDescriptor.standardInput() : try FileDescriptor.reading(path)
        file = try PlainInput(descriptor, isStopping: isStopping)
        let name = Self.displayName(path)
        let stated = options.compression
        guard stated != nil || !file.isLive else {
            compression = nil
            bytes = DetectingInput(file, path: name, options: options)
            return
        }
        let kind = try stated ?? file.detectCompression(path: path)
        compression = kind
        bytes = try Self.layer(kind, over: file, path: name, options)
    }

    fileprivate static func layer(
        _ compression: FileCompression, over file: PlainInput, path: String,
        _ options: FileReadOptions
    ) throws -> any ByteInput {
        switch compression {
        case .plain: return file
        case .gzip:
            #if GZip
                return GZipInput(file, path: path, bufferBytes: options.bufferBytes)
            #else
                throw FileError.traitMissing(path: path, .gzip)
            #endif
        case .lz4:
            #if LZ4
                return LZ4Input(file, path: path, bufferBytes: options.bufferBytes)
            #else
                throw FileError.traitMissing(path: path, .lz4)
            #endif
        }
    }
}

/// The content of a pipe or terminal, decompressed as its first bytes say.
private final class DetectingInput: ByteInput {
    private let file: PlainInput
    private let path: String
    private let options: FileReadOptions
    private var layer: (any ByteInput)?

    init(_ file: PlainInput, path: String, options: FileReadOptions) {
        self.file = file
        self.path = path
        self.options = options
    }

    func read(into buffer: inout [UInt8], from start: Int) throws -> Int {
        if let layer { return try layer.read(into: &buffer, from: start) }
        let kind = try file.detectCompression(path: path)
        let made = try OpenInput.layer(kind, over: file, path: path, options)
        layer = made
        return try made.read(into: &buffer, from: start)
    }
}

extension PlainInput {
    /// How the file is compressed, by its first bytes or else by the extension of `path`.
    fileprivate func detectCompression(path: String) throws -> FileCompression {
        // Byte by byte, since a terminal may hold one short line for now.
        for count in 1...4 {
            let bytes = try peek(count)
            if let found = FileCompression(magic: bytes) { return found }
            if bytes.count < count || !FileCompression.mayBegin(with: bytes) { break }
        }
        return FileCompression(path: path)
    }
}
