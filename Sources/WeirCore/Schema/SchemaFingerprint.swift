extension [FieldDescription] {
    /// A hash of names, types and optionality, by ``StableHasher``.
    var schemaFingerprint: UInt64 {
        var hasher = StableHasher()
        fold(into: &hasher)
        return hasher.finalize()
    }

    private func fold(into hasher: inout StableHasher) {
        hasher.combine(UInt64(count))
        for field in self {
            field.name.foldBytes(into: &hasher)
            hasher.combine(field.isOptional ? 1 : 0)
            Self.fold(field.type, into: &hasher)
        }
    }

    private static func fold(_ type: FieldType, into hasher: inout StableHasher) {
        // Numbers, not names of cases: they are part of the fingerprint and never change.
        switch type {
        case .bool: hasher.combine(1)
        case .int8: hasher.combine(2)
        case .int16: hasher.combine(3)
        case .int32: hasher.combine(4)
        case .int64: hasher.combine(5)
        case .uint8: hasher.combine(6)
        case .uint16: hasher.combine(7)
        case .uint32: hasher.combine(8)
        case .uint64: hasher.combine(9)
        case .float: hasher.combine(10)
        case .double: hasher.combine(11)
        case .string: hasher.combine(12)
        case .bytes: hasher.combine(13)
        case .timestamp: hasher.combine(14)
        case .list(let element):
            hasher.combine(15)
            fold(element, into: &hasher)
        case .record(let fields):
            hasher.combine(16)
            fields.fold(into: &hasher)
        }
    }
}

extension String {
    /// Folds the UTF-8 bytes as they stand: names are compared by bytes, not in normal form.
    fileprivate func foldBytes(into hasher: inout StableHasher) {
        var copy = self
        copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
