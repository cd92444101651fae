#if GZip
    import CZlib

    /// Compresses into one gzip member, at zlib's default level, without name and time, so that the
    /// same records give the same file.
    ///
    /// Source: RFC 1952; zlib manual, `deflate`.
    final class GZipOutput: ByteOutput {
        private let target: any ByteOutput
        private let path: String
        // SAFETY: zlib keeps the address of its state, so it lives in memory of its own from
        // `deflateInit2` to `deflateEnd`, which `init` and `deinit` call.
        private let stream: UnsafeMutablePointer<z_stream>
        private var buffer = [UInt8](repeating: 0, count: 64 << 10)

        init(_ target: any ByteOutput, path: String) throws {
            self.target = target
            self.path = path
            stream = .allocate(capacity: 1)
            stream.initialize(to: z_stream())
            let code = deflateInit2_(
                stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size))
            guard code == Z_OK else { throw failed(code) }
        }

        deinit {
            deflateEnd(stream)
            stream.deallocate()
        }

        func write(_ bytes: Span<UInt8>) throws {
            var rest = 0
            // The count that zlib takes has 32 bits.
            while rest < bytes.count {
                let part = min(bytes.count - rest, 1 << 30)
                try deflate(bytes.extracting(rest..<rest + part), Z_NO_FLUSH)
                rest += part
            }
        }

        func end() throws {
            try deflate([UInt8]().span, Z_FINISH)
            try target.end()
        }

        private func deflate(_ bytes: Span<UInt8>, _ flush: Int32) throws {
            var position = 0
            var isDone = false
            while !isDone {
                let (code, consumed, produced) = step(
                    bytes.extracting(position..<bytes.count), flush)
                guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else {
                    throw failed(code)
                }
                position += consumed
                let compressed = buffer
                if produced > 0 { try target.write(compressed.span.extracting(0..<produced)) }
                isDone =
                    flush == Z_FINISH
                    ? code == Z_STREAM_END : position == bytes.count && produced < buffer.count
            }
        }

        private func step(
            _ bytes: Span<UInt8>, _ flush: Int32
        ) -> (code: Int32, consumed: Int, produced: Int) {
            // SAFETY: zlib reads and writes between the pointers and counts set here, which the two
            // closures keep alive; it does not write through `next_in`.
            let code = bytes.withUnsafeBufferPointer { input in
                buffer.withUnsafeMutableBufferPointer { output in
                    stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                    stream.pointee.avail_in = UInt32(input.count)
                    stream.pointee.next_out = output.baseAddress
                    stream.pointee.avail_out = UInt32(output.count)
                    return CZlib.deflate(stream, flush)
                }
            }
            return (
                code, bytes.count - Int(stream.pointee.avail_in),
                buffer.count - Int(stream.pointee.avail_out)
            )
        }

        private func failed(_ code: Int32) -> FileError {
            let detail = stream.pointee.msg.map { String(cString: $0) } ?? "zlib says \(code)"
            return .compressionFailed(path: path, .gzip, detail: detail)
        }
    }
#endif
