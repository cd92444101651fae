#if LZ4
    import CLZ4

    /// Compresses into one LZ4 frame with linked blocks of 64 KiB and a checksum of the content.
    ///
    /// Source: LZ4 Frame Format Description 1.6.4; `lz4frame.h`.
    final class LZ4Output: ByteOutput {
        private let target: any ByteOutput
        private let path: String
        // SAFETY: an opaque object of the library, made in `init` and freed in `deinit`.
        private var context: OpaquePointer?
        private var preferences = LZ4F_preferences_t()
        private var buffer: [UInt8]
        private var hasBegun = false

        /// The content compressed at a time, so that the buffer can have a fixed size.
        private static let partBytes = 64 << 10

        init(_ target: any ByteOutput, path: String) throws {
            self.target = target
            self.path = path
            preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled
            let bound = LZ4F_compressBound(Self.partBytes, &preferences)
            buffer = [UInt8](repeating: 0, count: max(bound, Int(LZ4F_HEADER_SIZE_MAX)))
            try check(LZ4F_createCompressionContext(&context, UInt32(LZ4F_VERSION)))
        }

        deinit { LZ4F_freeCompressionContext(context) }

        func write(_ bytes: Span<UInt8>) throws {
            try begin()
            var rest = 0
            while rest < bytes.count {
                let part = bytes.extracting(rest..<min(bytes.count, rest + Self.partBytes))
                // SAFETY: the library reads and writes between the pointers and the counts given.
                let count = part.withUnsafeBytes { input in
                    buffer.withUnsafeMutableBytes { output in
                        LZ4F_compressUpdate(
                            context, output.baseAddress, output.count, input.baseAddress,
                            input.count,
                            nil)
                    }
                }
                try pass(check(count))
                rest += part.count
            }
        }

        func end() throws {
            try begin()
            // SAFETY: as above.
            let count = buffer.withUnsafeMutableBytes {
                LZ4F_compressEnd(context, $0.baseAddress, $0.count, nil)
            }
            try pass(check(count))
            try target.end()
        }

        private func begin() throws {
            guard !hasBegun else { return }
            hasBegun = true
            // SAFETY: as above.
            let count = buffer.withUnsafeMutableBytes {
                LZ4F_compressBegin(context, $0.baseAddress, $0.count, &preferences)
            }
            try pass(check(count))
        }

        private func pass(_ count: Int) throws {
            let compressed = buffer
            if count > 0 { try target.write(compressed.span.extracting(0..<count)) }
        }

        @discardableResult private func check(_ code: Int) throws -> Int {
            guard LZ4F_isError(code) != 0 else { return code }
            let detail = LZ4F_getErrorName(code).map { String(cString: $0) } ?? "error \(code)"
            throw FileError.compressionFailed(path: path, .lz4, detail: detail)
        }
    }
#endif
