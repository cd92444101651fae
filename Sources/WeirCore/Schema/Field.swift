/// One field of a ``Schema``: a name in the outside world for a stored property.
public struct Field<R: Sendable>: Sendable {
    @usableFromInline let access: FieldAccess

    /// Names the property at `path`.
    ///
    /// - Parameters:
    ///   - name: The name in files, tables and messages.
    ///   - path: A stored property. A computed one is reported by ``Schema/validate()``.
    ///   - aliases: Other names under which it is found when read.
    ///   - doc: What it means.
    ///   - unit: The unit of its values: `minutes`, `USD`.
    @inlinable public init<Value: FieldValue>(
        _ name: String, _ path: WritableKeyPath<R, Value>, aliases: [String] = [],
        doc: String? = nil, unit: String? = nil
    ) {
        access = FieldAccess(
            Value.self, name: name, offset: MemoryLayout<R>.offset(of: path), aliases: aliases,
            documentation: doc, unit: unit)
    }
}
