@_spi(Reflection) import Swift

// Tuples conform to nothing, and are what many folds keep: `Fold((words: 0, longest: 0)) …`. Their
// elements are found by the reflection of the standard library, which gives type and offset of each,
// and are read and written in place.

private struct SingleField<Value> { var value: Value }

/// How one element of a tuple is kept.
private struct TupleElement: Sendable {
    let offset: Int
    let field: StateShape.Field
    // SAFETY: called with the address of the element in a tuple of the type that was reflected: `write`
    // and `destroy` where it is initialised, the others where it is not, which then is.
    let write: @Sendable (UnsafeRawPointer, inout StateWriter) throws -> Void
    let read: Read
    let reader: @Sendable (StateShape) throws -> Read
    let makeAbsent: (@Sendable (UnsafeMutableRawPointer) -> Void)?
    let destroy: @Sendable (UnsafeMutableRawPointer) -> Void

    typealias Read = @Sendable (UnsafeMutableRawPointer, inout StateReader) throws -> Void

    init<Value>(_ type: Value.Type, name: String, offset: Int) throws {
        let codec: StateCodec<Value>
        do {
            codec = try StateCodec<Value>.find()
        } catch {
            throw StateFormatError.within(name, error)
        }
        let absence = StateField<Void, Value>.absence
        let (writeValue, readValue) = (codec.write, codec.read)
        self.offset = offset
        field = StateShape.Field(name, codec.shape, hasDefault: absence != nil)
        write = { address, output in
            try writeValue(address.assumingMemoryBound(to: Value.self).pointee, &output)
        }
        read = { address, input in
            address.initializeMemory(as: Value.self, to: try readValue(&input))
        }
        reader = { written in
            let read = try codec.reader(of: written)
            return { address, input in
                address.initializeMemory(as: Value.self, to: try read(&input))
            }
        }
        var makeAbsent: (@Sendable (UnsafeMutableRawPointer) -> Void)?
        if let absence {
            makeAbsent = { address in address.initializeMemory(as: Value.self, to: absence()) }
        }
        self.makeAbsent = makeAbsent
        destroy = { address in
            address.assumingMemoryBound(to: Value.self).deinitialize(count: 1)
        }
    }
}

extension StateCodecs {
    /// The codec of a tuple: a record of its elements, by their labels or places; `nil` for other
    /// types.
    static func tuple<Value>(_ type: Value.Type) throws -> StateCodec<Value>? {
        guard isTuple(type) else { return nil }
        let elements = try elements(of: type)
        let table = FrozenTable(elements)
        let shape = elements.isEmpty ? .unit : StateShape.record("tuple", elements.map(\.field))
        let plain = elements.indices.map { FieldMatching.Step.read($0, elements[$0].read) }
        return StateCodec(
            shape: shape,
            write: { value, output in
                try withUnsafePointer(to: value) { pointer in
                    for index in table.indices {
                        try table[index].write(
                            UnsafeRawPointer(pointer) + table[index].offset, &output)
                    }
                }
            },
            read: reader(table, plain, missing: []),
            adapt: { written in
                guard case .record(_, let fields) = written else {
                    throw StateFormatError.mismatch(written: written, wanted: shape)
                }
                let matching = try FieldMatching(written: fields, wanted: elements.map(\.field))
                let steps = try matching.steps { index, shape in
                    try elements[index].reader(shape)
                }
                return reader(table, steps, missing: matching.missing)
            })
    }

    private static func elements(of type: Any.Type) throws -> [TupleElement] {
        var found: [(name: String, offset: Int, type: Any.Type)] = []
        _ = _forEachField(of: type) { name, offset, type, _ in
            let label = String(cString: name)
            // Elements without a label are called `.0`, `.1`.
            found.append((label.hasPrefix(".") ? String(label.dropFirst()) : label, offset, type))
            return true
        }
        var elements: [TupleElement] = []
        for (name, offset, type) in found {
            func add<Element>(_ type: Element.Type) throws {
                elements.append(try TupleElement(type, name: name, offset: offset))
            }
            try _openExistential(type, do: add)
        }
        return elements
    }

    private static func isTuple<Value>(_: Value.Type) -> Bool {
        // The kind of a type is told of fields alone.
        var isTuple = false
        _ = _forEachField(of: SingleField<Value>.self) { _, _, _, kind in
            isTuple = kind == .tuple
            return true
        }
        return isTuple
    }

    private static func reader<Value>(
        _ elements: FrozenTable<TupleElement>, _ steps: [FieldMatching.Step<TupleElement.Read>],
        missing: [Int]
    ) -> @Sendable (inout StateReader) throws -> Value {
        { input in
            // SAFETY: one tuple, all elements of which are initialised when it is moved out; those
            // that are when something is thrown are destroyed.
            try withUnsafeTemporaryAllocation(of: Value.self, capacity: 1) { buffer in
                let tuple = buffer.baseAddress.unsafelyUnwrapped
                let base = UnsafeMutableRawPointer(tuple)
                var initialised: [Int] = []
                do {
                    for step in steps {
                        switch step {
                        case .skip(let shape): try shape.skip(&input)
                        case .read(let index, let read):
                            try read(base + elements[index].offset, &input)
                            initialised.append(index)
                        }
                    }
                } catch {
                    for index in initialised {
                        elements[index].destroy(base + elements[index].offset)
                    }
                    throw error
                }
                for index in missing {
                    elements[index].makeAbsent?(base + elements[index].offset)
                }
                return tuple.move()
            }
        }
    }
}
