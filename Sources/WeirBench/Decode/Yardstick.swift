#if Yardsticks
    import CYardsticks

    /// The parser that the decoders are compared with: a C++ loop for CSV, simdjson for JSON Lines.
    final class Yardstick {
        static let isBuilt = true
        /// How much must be readable behind the bytes.
        static var padding: Int { yardstick_padding() }

        private let input: DecodeInput
        private let reader: OpaquePointer

        init(_ input: DecodeInput) throws {
            self.input = input
            let format = input.format == .csv ? yardstick_csv : yardstick_jsonl
            let data = input.data == .bids ? yardstick_bids : yardstick_flights
            // SAFETY: the array is held by `input`, which this object holds, is never changed, and
            // stays where it is, so its elements do.
            let reader = input.bytes.withUnsafeBufferPointer {
                yardstick_open(format, data, $0.baseAddress, input.count)
            }
            guard let reader else {
                throw BenchmarkError.unavailable("the yardstick needs a processor with AVX2")
            }
            self.reader = reader
        }

        deinit { yardstick_close(reader) }

        /// Drops the records of the call before and decodes up to `limit` more; 0 at the end.
        func decode(_ limit: Int) throws -> Int {
            let rows = yardstick_decode(reader, limit)
            guard rows >= 0 else {
                throw BenchmarkError.unavailable("the yardstick refused the data")
            }
            return rows
        }

        /// The sum of the digests of the records decoded last.
        var checksum: UInt64 { yardstick_checksum(reader) }
    }
#else
    /// Stands in where the yardsticks are not built.
    struct Yardstick {
        static let isBuilt = false
        static let padding = 0
        let checksum: UInt64 = 0

        init(_ input: DecodeInput) throws {
            throw BenchmarkError.unavailable(
                "no yardstick in this build: install libsimdjson-dev and build with "
                    + "`--traits GZip,LZ4,Yardsticks`")
        }

        func decode(_ limit: Int) throws -> Int { 0 }
    }
#endif
