extension RowFormat {
    /// The name of the field at a key path: how a sink learns which columns are its key.
    ///
    /// A ``Record``'s field is found by its offset, so it may be named differently from its
    /// property. Of a `Codable` type nothing but the property's name is known, so a property whose
    /// coding key has another name is not found.
    ///
    /// - Returns: The field's name; `nil` for a computed property, a property of a property, or one
    ///   that is no field.
    public func fieldName(at path: PartialKeyPath<Row>) -> String? {
        guard let offset = MemoryLayout<Row>.offset(of: path) else { return nil }
        // `\Row.place.city` begins where `\Row.place` does; only their texts tell them apart.
        let text = path.debugDescription
        let prefix = "\\\(Row.self)."
        let property = text.hasPrefix(prefix) ? text.dropFirst(prefix.count) : ""
        if property.contains(".") { return nil }
        switch backing {
        case .record(let layout, _):
            return layout.stored.indices.first { layout.stored[$0].offset == offset }
                .map { layout.stored[$0].access.name }
        case .tree:
            return fields.first { $0.name == property }?.name
        }
    }
}
