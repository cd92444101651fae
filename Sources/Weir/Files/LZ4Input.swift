#if LZ4
    import CLZ4

    /// What a file of LZ4 frames holds: its frames, one after another, without the skippable ones.
    ///
    /// Memory: what one block needs (64 KiB to 4 MiB, as the file's header says) and one buffer.
    ///
    /// Source: LZ4 Frame Format Description 1.6.4; `lz4frame.h`.
    final class LZ4Input: ByteInput {
        private let source: any ByteInput
        private let path: String
        // SAFETY: an opaque object of the library, made in `init` and freed in `deinit`.
        private var context: OpaquePointer?
        private var compressed: [UInt8]
        private var position = 0
        private var filled = 0
        private var produced: Int64 = 0
        /// The bytes that the library wants next; 0 between frames.
        private var hint = 0
        private var taken = 0
        /// Whether a frame's header has been accepted.
        private var hasBegun: Bool { taken >= Int(LZ4F_HEADER_SIZE_MIN) }
        private var failure: FileError?

        init(_ source: any ByteInput, path: String, bufferBytes: Int) {
            self.source = source
            self.path = path
            compressed = [UInt8](repeating: 0, count: bufferBytes)
            let code = LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))
            if LZ4F_isError(code) != 0 { failure = corrupt(code) }
        }

        deinit { LZ4F_freeDecompressionContext(context) }

        func read(into buffer: inout [UInt8], from start: Int) throws -> Int {
            while true {
                if let failure { throw failure }
                if position == filled, try !refill() {
                    // The library may hold back content that did not fit before.
                    let found = step(into: &buffer, from: start)
                    if found > 0 { return found }
                    if hasBegun && hint == 0 { return 0 }
                    throw FileError.truncated(path: path, .lz4, offset: produced)
                }
                let found = step(into: &buffer, from: start)
                if found > 0 { return found }
            }
        }

        private func step(into buffer: inout [UInt8], from start: Int) -> Int {
            if position == filled && hint == 0 { return 0 }
            // On a fault the library does not say what it produced before. It is given no more than it
            // asks for, one block, so that the blocks before the faulty one have been handed over.
            let wanted = hint == 0 ? Int(LZ4F_HEADER_SIZE_MIN) : hint
            var consumed = min(filled - position, wanted)
            var found = buffer.count - start
            // SAFETY: the library reads and writes between the pointers and the counts given here.
            let answer = compressed.withUnsafeBytes { input in
                buffer.withUnsafeMutableBytes { output in
                    LZ4F_decompress(
                        context, output.baseAddress.map { $0 + start }, &found,
                        input.baseAddress.map { $0 + position }, &consumed, nil)
                }
            }
            guard LZ4F_isError(answer) == 0 else {
                failure = hasBegun ? corrupt(answer) : .notCompressed(path: path, .lz4)
                return 0
            }
            position += consumed
            produced += Int64(found)
            hint = answer
            taken += consumed
            return found
        }

        private func refill() throws -> Bool {
            position = 0
            filled = 0
            filled = try source.read(into: &compressed, from: 0)
            return filled > 0
        }

        private func corrupt(_ code: Int) -> FileError {
            let detail = LZ4F_getErrorName(code).map { String(cString: $0) } ?? "error \(code)"
            return .corrupt(path: path, .lz4, offset: produced, detail: detail)
        }
    }
#endif
