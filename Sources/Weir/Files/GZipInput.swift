#if GZip
    import CZlib

    /// What a gzip file holds: its members, one after another.
    ///
    /// Memory: zlib's window of 32 KiB and one buffer. Zero bytes after the last member, which tapes
    /// and block devices leave there, are passed over, as gzip itself does.
    ///
    /// Source: RFC 1952; zlib manual, `inflate`.
    final class GZipInput: ByteInput {
        private let source: any ByteInput
        private let path: String
        // SAFETY: zlib keeps the address of its state, so it lives in memory of its own from
        // `inflateInit2` to `inflateEnd`, which `init` and `deinit` call.
        private let stream: UnsafeMutablePointer<z_stream>
        private var compressed: [UInt8]
        private var position = 0
        private var filled = 0
        private var produced: Int64 = 0
        private var state = State.betweenMembers(first: true)

        private enum State {
            case betweenMembers(first: Bool)
            case inMember
            case ended
            case failed(FileError)
        }

        init(_ source: any ByteInput, path: String, bufferBytes: Int) {
            self.source = source
            self.path = path
            compressed = [UInt8](repeating: 0, count: bufferBytes)
            stream = .allocate(capacity: 1)
            stream.initialize(to: z_stream())
            // 15 bits of window, and 16 for the gzip header alone.
            let code = inflateInit2_(
                stream, 31, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
            if code != Z_OK { state = .failed(corrupt("zlib says \(code)")) }
        }

        deinit {
            inflateEnd(stream)
            stream.deallocate()
        }

        func read(into buffer: inout [UInt8], from start: Int) throws -> Int {
            while true {
                switch state {
                case .ended: return 0
                case .failed(let error): throw error
                case .betweenMembers(let first): try beginMember(first: first)
                case .inMember:
                    let found = try inflateSome(into: &buffer, from: start)
                    produced += Int64(found)
                    // What came before a fault is good, so it is handed over before the fault.
                    if found > 0 { return found }
                }
            }
        }

        /// Looks whether another member follows.
        private func beginMember(first: Bool) throws {
            if !first {
                repeat {
                    while position < filled && compressed[position] == 0 { position += 1 }
                } while try position == filled && refill()
            } else if try !refill() {
                state = .failed(.truncated(path: path, .gzip, offset: 0))
                return
            }
            if position == filled {
                state = .ended
            } else if compressed[position] != 0x1f {
                state = .failed(
                    first
                        ? .notCompressed(path: path, .gzip)
                        : corrupt("there is something else after the end of the gzip data"))
            } else {
                inflateReset(stream)
                state = .inMember
            }
        }

        /// Inflates into `buffer` what it can; a fault is kept in `state`.
        private func inflateSome(into buffer: inout [UInt8], from start: Int) throws -> Int {
            if position == filled, try !refill() {
                state = .failed(.truncated(path: path, .gzip, offset: produced))
                return 0
            }
            let (code, consumed, found) = step(into: &buffer, from: start)
            position += consumed
            switch code {
            case Z_OK, Z_BUF_ERROR: break
            case Z_STREAM_END: state = .betweenMembers(first: false)
            default:
                let detail = stream.pointee.msg.map { String(cString: $0) } ?? "zlib says \(code)"
                state = .failed(corrupt(detail, after: Int64(found)))
            }
            return found
        }

        private func step(
            into buffer: inout [UInt8], from start: Int
        ) -> (code: Int32, consumed: Int, produced: Int) {
            let available = filled - position
            let room = buffer.count - start
            // SAFETY: zlib reads and writes between the pointers and counts set here, which the two
            // closures keep alive; they are not used after the call.
            let code = compressed.withUnsafeMutableBufferPointer { input in
                buffer.withUnsafeMutableBufferPointer { output in
                    stream.pointee.next_in = input.baseAddress.map { $0 + position }
                    stream.pointee.avail_in = UInt32(available)
                    stream.pointee.next_out = output.baseAddress.map { $0 + start }
                    stream.pointee.avail_out = UInt32(clamping: room)
                    return inflate(stream, Z_NO_FLUSH)
                }
            }
            let left = Int(stream.pointee.avail_out)
            return (
                code, available - Int(stream.pointee.avail_in), min(room, Int(UInt32.max)) - left
            )
        }

        private func refill() throws -> Bool {
            position = 0
            filled = 0
            filled = try source.read(into: &compressed, from: 0)
            return filled > 0
        }

        private func corrupt(_ detail: String, after more: Int64 = 0) -> FileError {
            .corrupt(path: path, .gzip, offset: produced + more, detail: detail)
        }
    }
#endif
