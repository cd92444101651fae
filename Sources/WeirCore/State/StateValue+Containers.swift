// Containers in values that conform to `StateValue` by hand, in the same form as their codecs.

extension Optional: StateValue where Wrapped: StateValue {
    public static var stateShape: StateShape { .optional(Wrapped.stateShape) }
    public func write(to output: inout StateWriter) {
        guard let self else { return output.write(byte: 0) }
        output.write(byte: 1)
        self.write(to: &output)
    }
    public static func read(from input: inout StateReader) throws -> Wrapped? {
        try Bool.read(from: &input) ? Wrapped.read(from: &input) : nil
    }
}

extension Array: StateValue where Element: StateValue {
    public static var stateShape: StateShape {
        Element.self == UInt8.self ? .bytes : .array(Element.stateShape)
    }
    public func write(to output: inout StateWriter) {
        if let bytes = self as? [UInt8], Element.self == UInt8.self { return output.write(bytes) }
        output.write(varint: UInt64(count))
        for element in self { element.write(to: &output) }
    }
    public static func read(from input: inout StateReader) throws -> [Element] {
        if Element.self == UInt8.self, let bytes = try input.readBytes() as? [Element] {
            return bytes
        }
        let shape = Element.stateShape
        try shape.checkTakesBytes(in: "an array")
        let count = try input.readCount(atLeast: shape.minimumByteCount)
        var elements: [Element] = []
        elements.reserveCapacity(StateReader.reservation(count))
        for _ in 0..<count { elements.append(try Element.read(from: &input)) }
        return elements
    }
}

extension ContiguousArray: StateValue where Element: StateValue {
    public static var stateShape: StateShape { [Element].stateShape }
    public func write(to output: inout StateWriter) { Array(self).write(to: &output) }
    public static func read(from input: inout StateReader) throws -> ContiguousArray<Element> {
        ContiguousArray(try [Element].read(from: &input))
    }
}

extension Set: StateValue where Element: StateValue {
    public static var stateShape: StateShape { .array(Element.stateShape) }
    public func write(to output: inout StateWriter) {
        var entries = SortedStateEntries()
        for element in self { entries.add({ element.write(to: &$0) }, value: { _ in }) }
        entries.write(to: &output)
    }
    public static func read(from input: inout StateReader) throws -> Set<Element> {
        let shape = Element.stateShape
        try shape.checkTakesBytes(in: "a set")
        var elements: Set<Element> = []
        for _ in 0..<(try input.readCount(atLeast: shape.minimumByteCount)) {
            guard elements.insert(try Element.read(from: &input)).inserted else {
                throw StateFormatError("a set has the same element twice")
            }
        }
        return elements
    }
}

extension Dictionary: StateValue where Key: StateValue, Value: StateValue {
    public static var stateShape: StateShape {
        .dictionary(key: Key.stateShape, value: Value.stateShape)
    }
    public func write(to output: inout StateWriter) {
        var entries = SortedStateEntries()
        for (key, value) in self {
            entries.add({ key.write(to: &$0) }, value: { value.write(to: &$0) })
        }
        entries.write(to: &output)
    }
    public static func read(from input: inout StateReader) throws -> [Key: Value] {
        try Key.stateShape.checkTakesBytes(in: "a dictionary's keys")
        var pairs: [Key: Value] = [:]
        for _ in 0..<(try input.readCount(atLeast: stateShape.minimumPairByteCount)) {
            let key = try Key.read(from: &input)
            guard pairs.updateValue(try Value.read(from: &input), forKey: key) == nil else {
                throw StateFormatError("a dictionary has the same key twice")
            }
        }
        return pairs
    }
}
