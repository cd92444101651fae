// The form: one bit for each optional field, in order, the lowest bit first, set where the value is
// missing; then the values that are not, each in the form of its type.

extension RecordLayout {
    /// Appends the compact form of `record`.
    func writeBinary<R>(_ record: R, to output: inout [UInt8]) {
        withAddress(of: record) { base in
            let bitmap = output.count
            for _ in 0..<bitmapBytes { output.append(0) }
            var bit = 0
            for index in stored.indices {
                let address = base + stored[index].offset
                if stored[index].access.isOptional {
                    defer { bit += 1 }
                    if stored[index].access.isNull(address) {
                        output[bitmap + bit >> 3] |= 1 << UInt8(bit & 7)
                        continue
                    }
                }
                stored[index].access.writeBinary(address, &output)
            }
        }
    }

    /// Reads what ``writeBinary(_:to:)`` wrote into `record`, in place.
    func readBinary<R>(into record: inout R, _ reader: inout BinaryReader) throws(FieldError) {
        try withUnsafeMutablePointer(to: &record) { pointer throws(FieldError) in
            try readBinary(at: UnsafeMutableRawPointer(pointer), &reader)
        }
    }

    func readBinary(
        at base: UnsafeMutableRawPointer, _ reader: inout BinaryReader
    ) throws(FieldError) {
        let bitmap = try reader.take(bitmapBytes)
        var bit = 0
        for index in stored.indices {
            let address = base + stored[index].offset
            if stored[index].access.isOptional {
                defer { bit += 1 }
                if bitmap[bit >> 3] >> UInt8(bit & 7) & 1 == 1 {
                    stored[index].access.setNull(address)
                    continue
                }
            }
            do throws(FieldError) {
                try stored[index].access.readBinary(address, &reader)
            } catch {
                throw error.within(stored[index].access.name)
            }
        }
    }

    private var bitmapBytes: Int { (optionalCount + 7) / 8 }

    /// Folds every field of `record` into the hash of a key.
    func fold<R>(_ record: R, into hasher: inout StableHasher) {
        withAddress(of: record) { base in
            for index in stored.indices {
                stored[index].access.fold(base + stored[index].offset, &hasher)
            }
        }
    }
}
