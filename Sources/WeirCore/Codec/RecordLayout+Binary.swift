// The form: one bit for each optional field, in order, the lowest bit first, set where the value is
// missing; then the values that are not, each in the form of its type.

extension RecordLayout {
    /// Appends the compact form of `record`.
    func writeBinary<R>(_ record: R, to output: inout [UInt8]) {
        var copy = record
        withUnsafeMutablePointer(to: &copy) { pointer in
            let base = UnsafeMutableRawPointer(pointer)
            let bitmap = output.count
            for _ in 0..<bitmapBytes { output.append(0) }
            var bit = 0
            for field in stored {
                let address = base + field.offset
                if field.access.isOptional {
                    defer { bit += 1 }
                    if field.access.isNull(address) {
                        output[bitmap + bit >> 3] |= 1 << UInt8(bit & 7)
                        continue
                    }
                }
                field.access.writeBinary(address, &output)
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
        for field in stored {
            let address = base + field.offset
            if field.access.isOptional {
                defer { bit += 1 }
                if bitmap[bit >> 3] >> UInt8(bit & 7) & 1 == 1 {
                    field.access.setNull(address)
                    continue
                }
            }
            do throws(FieldError) {
                try field.access.readBinary(address, &reader)
            } catch {
                throw error.within(field.access.name)
            }
        }
    }

    private var bitmapBytes: Int { (optionalCount + 7) / 8 }

    /// Folds every field of `record` into the hash of a key.
    func fold<R>(_ record: R, into hasher: inout StableHasher) {
        var copy = record
        withUnsafeMutablePointer(to: &copy) { pointer in
            let base = UnsafeMutableRawPointer(pointer)
            for field in stored { field.access.fold(base + field.offset, &hasher) }
        }
    }
}
