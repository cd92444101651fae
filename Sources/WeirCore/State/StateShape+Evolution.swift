/// What reading a form in another does to it, in words.
public enum StateEvolution: Hashable, Sendable, CustomStringConvertible {
    /// A field for which nothing was written, which starts at its default; or a case of a choice.
    case added(String)
    /// A field that was written and is passed over.
    case removed(String)
    /// A field, or a case of a choice, that is read under another name.
    case renamed(String, from: String)
    /// A field whose values are taken into a wider form.
    case widened(String, from: StateShape, to: StateShape)

    public var description: String {
        switch self {
        case .added(let field): "added \(field)"
        case .removed(let field): "removed \(field)"
        case .renamed(let field, let old): "renamed \(old) to \(field)"
        case .widened(let field, let old, let new): "widened \(field) from \(old) to \(new)"
        }
    }
}

extension StateShape {
    /// What changes when values that were written in another form are read in this one, by the rules
    /// of the codecs that ``StateCodec/find()`` gives.
    ///
    /// A type with a `stateReader(of:)` of its own may read more than these.
    ///
    /// - Returns: The changes, the outer fields first; empty where the values stay what they are. A
    ///   field within another is named by both, joined by a dot; the value as a whole is `value`.
    /// - Throws: ``StateFormatError``, naming the field, where the values can't be read.
    public func evolution(from written: StateShape) throws -> [StateEvolution] {
        try evolution(from: written, at: [])
    }

    private func evolution(from written: StateShape, at path: [String]) throws -> [StateEvolution] {
        if self == written { return [] }
        switch (written, self) {
        case (.record(_, let old), .record(_, let new)):
            return try Self.evolution(old, new, at: path)
        case (.variant(let oldName, let old), .variant(let newName, let new))
        where oldName == newName:
            return try Self.evolution(ofCases: old, new, at: path)
        case (.coded(_, let old), .coded(_, let new)):
            try written.checkReadable(asCoded: self)
            let changed = try? Self.evolution(old, new, at: path)
            return changed ?? [.widened(Self.text(path), from: written, to: self)]
        case (.optional(let old), .optional(let new)), (.array(let old), .array(let new)):
            return try new.evolution(from: old, at: path)
        case (.dictionary(let oldKey, let old), .dictionary(let newKey, let new)):
            return try newKey.evolution(from: oldKey, at: path + ["key"])
                + new.evolution(from: old, at: path)
        case (_, .optional(let new)):
            return try new.evolution(from: written, at: path)
                + [.widened(Self.text(path), from: written, to: self)]
        default:
            guard takesWider(written) else {
                throw Self.within(path, StateFormatError.mismatch(written: written, wanted: self))
            }
            return [.widened(Self.text(path), from: written, to: self)]
        }
    }

    private func takesWider(_ written: StateShape) -> Bool {
        switch (written, self) {
        case (.signed(let old), .signed(let new)), (.unsigned(let old), .unsigned(let new)):
            old <= new
        case (.unsigned(let old), .signed(let new)): old < new
        case (.float(let old), .float(let new)): old <= new
        default: false
        }
    }

    private static func evolution(
        _ old: [Field], _ new: [Field], at path: [String]
    ) throws -> [StateEvolution] {
        let matching: FieldMatching
        do { matching = try FieldMatching(written: old, wanted: new) } catch {
            throw within(path, error)
        }
        var changes = matching.missing.map { StateEvolution.added(text(path + [new[$0].name])) }
        for (index, field) in old.enumerated() {
            let place = path + [field.name]
            guard let taker = matching.taker[index] else {
                changes.append(.removed(text(place)))
                continue
            }
            if new[taker].name != field.name {
                changes.append(.renamed(text(path + [new[taker].name]), from: field.name))
            }
            changes += try new[taker].shape.evolution(
                from: field.shape, at: path + [new[taker].name])
        }
        return changes
    }

    private static func evolution(
        ofCases old: [Field], _ new: [Field], at path: [String]
    ) throws -> [StateEvolution] {
        let optional = new.map { Field($0.name, $0.shape, aliases: $0.aliases, hasDefault: true) }
        let matching = try FieldMatching(written: old, wanted: optional)
        var changes = matching.missing.map { StateEvolution.added(text(path + [new[$0].name])) }
        for (index, field) in old.enumerated() {
            guard let taker = matching.taker[index] else {
                throw within(
                    path + [field.name],
                    StateFormatError(
                        "is a case of the state that was saved, and no longer one of its type: put "
                            + "it back, or name it as the alias of another"))
            }
            if new[taker].name != field.name {
                changes.append(.renamed(text(path + [new[taker].name]), from: field.name))
            }
            changes += try new[taker].shape.evolution(
                from: field.shape, at: path + [new[taker].name])
        }
        return changes
    }

    private static func text(_ path: [String]) -> String {
        path.isEmpty ? "value" : path.joined(separator: ".")
    }

    private static func within(_ path: [String], _ error: any Error) -> any Error {
        path.reversed().reduce(error) { StateFormatError.within($1, $0) }
    }
}
