extension StateShape {
    /// The fewest bytes that a value of this form takes.
    public var minimumByteCount: Int {
        switch self {
        case .unit: 0
        case .float(let bits): bits / 8
        case .record(_, let fields): fields.reduce(0) { $0 + $1.shape.minimumByteCount }
        default: 1
        }
    }

    /// The fewest bytes of a pair of a dictionary.
    var minimumPairByteCount: Int {
        guard case .dictionary(let key, let value) = self else { return 1 }
        return max(1, key.minimumByteCount + value.minimumByteCount)
    }

    /// Refuses values without bytes where their number comes first: corrupt bytes could then ask for
    /// any number of them.
    func checkTakesBytes(in container: String) throws(StateFormatError) {
        guard minimumByteCount > 0 else {
            throw StateFormatError("\(container) of values that take no bytes: keep their number")
        }
    }

    /// Whether values have the same bytes in both forms, and fields the same names: names of types,
    /// aliases and defaults aside.
    public func hasSameBytes(as other: StateShape) -> Bool {
        func same(_ left: [Field], _ right: [Field]) -> Bool {
            left.count == right.count
                && zip(left, right).allSatisfy {
                    $0.name == $1.name && $0.shape.hasSameBytes(as: $1.shape)
                }
        }
        switch (self, other) {
        case (.record(_, let left), .record(_, let right)): return same(left, right)
        case (.variant(let name, let left), .variant(let otherName, let right)):
            return name == otherName && same(left, right)
        case (.optional(let left), .optional(let right)): return left.hasSameBytes(as: right)
        case (.array(let left), .array(let right)): return left.hasSameBytes(as: right)
        case (.dictionary(let key, let value), .dictionary(let otherKey, let otherValue)):
            return key.hasSameBytes(as: otherKey) && value.hasSameBytes(as: otherValue)
        default: return self == other
        }
    }

    /// Passes over a value of this form.
    ///
    /// - Throws: ``StateFormatError`` for bytes that are cut off or corrupt.
    public func skip(_ input: inout StateReader) throws {
        switch self {
        case .unit: break
        case .bool: try input.skip(1)
        case .signed, .unsigned: _ = try input.readWideVarint()
        case .timestamp: _ = try input.readVarint()
        case .float(let bits): try input.skip(bits / 8)
        case .string, .bytes, .opaque: try input.skip(try input.readCount())
        case .optional(let wrapped):
            if try Bool.read(from: &input) { try wrapped.skip(&input) }
        case .array(let element):
            try element.checkTakesBytes(in: "an array")
            let count = try input.readCount(atLeast: element.minimumByteCount)
            for _ in 0..<count { try element.skip(&input) }
        case .dictionary(let key, let value):
            for _ in 0..<(try input.readCount(atLeast: minimumPairByteCount)) {
                try key.skip(&input)
                try value.skip(&input)
            }
        case .record(_, let fields):
            for field in fields { try field.shape.skip(&input) }
        case .variant(let name, let cases):
            try Self.readCase(name, cases, &input).shape.skip(&input)
        case .coded: _ = try input.readTree()
        }
    }

    static func readCase(
        _ name: String, _ cases: [Field], _ input: inout StateReader
    ) throws -> Field {
        let number = try input.readVarint()
        guard number < UInt64(cases.count) else {
            throw StateFormatError("there is no case \(number) of \(name)")
        }
        return cases[Int(number)]
    }
}
