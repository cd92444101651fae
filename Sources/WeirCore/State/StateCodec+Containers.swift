// Containers of values of any type that has a codec. What is unordered is written in the order of
// the encoded keys, so that equal states have equal bytes.

extension Optional: StateComposite {
    /// A byte, 0 for `nil`, and the value. Also reads what was written of the value alone.
    public static func stateCodec() throws -> StateCodec<Wrapped?> {
        let wrapped = try StateCodec<Wrapped>.find()
        let (write, read) = (wrapped.write, wrapped.read)
        return StateCodec(
            shape: .optional(wrapped.shape),
            write: { value, output in
                guard let value else { return output.write(byte: 0) }
                output.write(byte: 1)
                try write(value, &output)
            },
            read: { input in try Bool.read(from: &input) ? read(&input) : nil },
            adapt: { written in
                if case .optional(let inner) = written {
                    let read = try wrapped.reader(of: inner)
                    return { input in try Bool.read(from: &input) ? read(&input) : nil }
                }
                let read = try wrapped.reader(of: written)
                return { input in try read(&input) }
            })
    }
}

extension Array: StateComposite {
    /// The elements after their number; an array of `UInt8` as bytes.
    public static func stateCodec() throws -> StateCodec<[Element]> {
        if Element.self == UInt8.self,
            let codec = [UInt8].bytesCodec as Any as? StateCodec<[Element]>
        {
            return codec
        }
        return try .elements()
    }
}

extension ContiguousArray: StateComposite {
    /// As an array of the elements.
    public static func stateCodec() throws -> StateCodec<ContiguousArray<Element>> {
        try StateCodec<[Element]>.find().map(from: { Array($0) }) { ContiguousArray($0) }
    }
}

extension ArraySlice: StateComposite {
    /// As an array of the elements; indices then start at 0.
    public static func stateCodec() throws -> StateCodec<ArraySlice<Element>> {
        try StateCodec<[Element]>.find().map(from: { Array($0) }) { ArraySlice($0) }
    }
}

extension [UInt8] {
    static let bytesCodec = StateCodec<[UInt8]>(
        shape: .bytes,
        write: { value, output in output.write(value) },
        read: { input in try input.readBytes() })
}

extension StateCodec {
    /// The codec of a list in the form of an array, of bytes too.
    fileprivate static func elements<Element>() throws -> StateCodec where Value == [Element] {
        let element = try StateCodec<Element>.find()
        try element.shape.checkTakesBytes(in: "an array")
        let (write, size) = (element.write, element.shape.minimumByteCount)
        return StateCodec(
            shape: .array(element.shape),
            write: { values, output in
                output.write(varint: UInt64(values.count))
                for value in values { try write(value, &output) }
            },
            read: Self.list(of: element.read, size: size),
            adapt: { written in
                guard case .array(let inner) = written else {
                    throw StateFormatError.mismatch(written: written, wanted: .array(element.shape))
                }
                try inner.checkTakesBytes(in: "an array")
                return Self.list(of: try element.reader(of: inner), size: inner.minimumByteCount)
            })
    }

    private static func list<Element>(
        of read: @escaping @Sendable (inout StateReader) throws -> Element, size: Int
    ) -> @Sendable (inout StateReader) throws -> [Element] {
        { input in
            let count = try input.readCount(atLeast: size)
            var values: [Element] = []
            values.reserveCapacity(StateReader.reservation(count))
            for _ in 0..<count { values.append(try read(&input)) }
            return values
        }
    }
}

extension StateCodec {
    /// The codec of different elements without order: an array of them, in the order of their bytes.
    ///
    /// - Parameter make: Makes the value of the elements read; throws where one comes twice.
    static func distinct<Element>(
        _ make: @escaping ([Element]) throws -> Value
    ) throws -> StateCodec where Value: Sequence<Element> {
        let element = try StateCodec<Element>.find()
        let list = try StateCodec<[Element]>.elements()
        let write = element.write
        return StateCodec(
            shape: list.shape,
            sharing: { values, output in
                var entries = SortedStateEntries()
                for value in values {
                    try entries.add({ try write(value, &$0) }, value: { _ in })
                }
                entries.write(to: &output)
            },
            read: { input in try make(list.read(&input)) },
            adapt: { written in
                let read = try list.reader(of: written)
                return { input in try make(read(&input)) }
            })
    }
}

extension Set: StateComposite {
    /// As an array of the elements, in the order of their bytes.
    public static func stateCodec() throws -> StateCodec<Set<Element>> {
        try .distinct { elements in
            let values = Set(elements)
            guard values.count == elements.count else { throw StateFormatError.elementTwice() }
            return values
        }
    }
}

extension StateFormatError {
    static func elementTwice() -> StateFormatError {
        StateFormatError("a set has the same element twice")
    }
}

extension Dictionary: StateComposite {
    /// Keys and values by turns after their number, in the order of the keys' bytes.
    public static func stateCodec() throws -> StateCodec<[Key: Value]> {
        let (key, value) = (try StateCodec<Key>.find(), try StateCodec<Value>.find())
        let shape = StateShape.dictionary(key: key.shape, value: value.shape)
        try key.shape.checkTakesBytes(in: "a dictionary's keys")
        let (writeKey, writeValue) = (key.write, value.write)
        return StateCodec(
            shape: shape,
            sharing: { pairs, output in
                var entries = SortedStateEntries()
                for (key, value) in pairs {
                    try entries.add(
                        { try writeKey(key, &$0) }, value: { try writeValue(value, &$0) })
                }
                entries.write(to: &output)
            },
            read: reader(key.read, value.read, size: shape.minimumPairByteCount),
            adapt: { written in
                guard case .dictionary(let writtenKey, let writtenValue) = written else {
                    throw StateFormatError.mismatch(written: written, wanted: shape)
                }
                try writtenKey.checkTakesBytes(in: "a dictionary's keys")
                return reader(
                    try key.reader(of: writtenKey), try value.reader(of: writtenValue),
                    size: written.minimumPairByteCount)
            })
    }

    private static func reader(
        _ readKey: @escaping (inout StateReader) throws -> Key,
        _ readValue: @escaping (inout StateReader) throws -> Value, size: Int
    ) -> (inout StateReader) throws -> [Key: Value] {
        { input in
            let count = try input.readCount(atLeast: size)
            var pairs: [Key: Value] = [:]
            pairs.reserveCapacity(StateReader.reservation(count))
            for _ in 0..<count {
                let key = try readKey(&input)
                guard pairs.updateValue(try readValue(&input), forKey: key) == nil else {
                    throw StateFormatError("a dictionary has the same key twice")
                }
            }
            return pairs
        }
    }
}

extension ClosedRange: StateComposite {
    /// The two bounds.
    public static func stateCodec() throws -> StateCodec<ClosedRange<Bound>> {
        try StateCodec<RangeBounds<Bound>>.find().map(
            sharing: { (range: Self) in
                RangeBounds(lower: range.lowerBound, upper: range.upperBound)
            }
        ) { bounds in
            guard bounds.lower <= bounds.upper else { throw StateFormatError.invertedRange() }
            return bounds.lower...bounds.upper
        }
    }
}

extension Range: StateComposite {
    /// The two bounds.
    public static func stateCodec() throws -> StateCodec<Range<Bound>> {
        try StateCodec<RangeBounds<Bound>>.find().map(
            sharing: { (range: Self) in
                RangeBounds(lower: range.lowerBound, upper: range.upperBound)
            }
        ) { bounds in
            guard bounds.lower <= bounds.upper else { throw StateFormatError.invertedRange() }
            return bounds.lower..<bounds.upper
        }
    }
}

/// What a range is written as.
private struct RangeBounds<Bound>: StateComposite {
    let lower: Bound
    let upper: Bound

    static func stateCodec() throws -> StateCodec<RangeBounds<Bound>> {
        try .record("Range", StateField("lower") { $0.lower }, StateField("upper") { $0.upper }) {
            RangeBounds(lower: $0, upper: $1)
        }
    }
}

extension StateFormatError {
    fileprivate static func invertedRange() -> StateFormatError {
        StateFormatError("a range ends before it starts")
    }
}

/// Entries of a dictionary or set, encoded, to be put in the order of their keys' bytes.
struct SortedStateEntries {
    private var scratch = StateWriter()
    private var entries: [(start: Int, value: Int, end: Int)] = []

    mutating func add(
        _ key: (inout StateWriter) throws -> Void, value: (inout StateWriter) throws -> Void
    ) rethrows {
        let start = scratch.count
        try key(&scratch)
        let middle = scratch.count
        try value(&scratch)
        entries.append((start, middle, scratch.count))
    }

    /// Writes the number of entries, and then these.
    mutating func write(to output: inout StateWriter) {
        output.write(varint: UInt64(entries.count))
        scratch.bytes.withUnsafeBufferPointer { bytes in
            entries.sort { left, right in
                bytes[left.start..<left.value].lexicographicallyPrecedes(
                    bytes[right.start..<right.value])
            }
            for entry in entries { output.write(raw: bytes[entry.start..<entry.end]) }
        }
    }
}

extension StateReader {
    /// How many elements to make room for when `count` were announced: the bytes that are left vouch
    /// for their number and not for the memory that they take.
    static func reservation(_ count: Int) -> Int { Swift.min(count, 1_024) }
}
