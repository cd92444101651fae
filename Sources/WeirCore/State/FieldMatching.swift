/// Which field of a type takes which field of a record that was written, perhaps by an earlier
/// version of the type: by name, else by an alias on either side.
struct FieldMatching: Sendable {
    /// For each field that was written, the field that takes it; `nil`: it is gone.
    let taker: [Int?]
    /// The fields for which nothing was written; all of them have defaults.
    let missing: [Int]
    private let written: [StateShape.Field]
    private let wanted: [StateShape.Field]

    /// - Throws: ``StateFormatError`` for a field without a default for which nothing was written.
    init(written: [StateShape.Field], wanted: [StateShape.Field]) throws {
        var taker = [Int?](repeating: nil, count: written.count)
        var missing: [Int] = []
        for (index, field) in wanted.enumerated() {
            if let source = Self.source(of: field, among: written, taken: taker) {
                taker[source] = index
                continue
            }
            guard field.hasDefault else {
                throw StateFormatError.missingField(field.name, written: written)
            }
            missing.append(index)
        }
        self.taker = taker
        self.missing = missing
        self.written = written
        self.wanted = wanted
    }

    private static func source(
        of field: StateShape.Field, among written: [StateShape.Field], taken: [Int?]
    ) -> Int? {
        let free = written.indices.filter { taken[$0] == nil }
        return free.first { written[$0].name == field.name }
            ?? free.first { field.aliases.contains(written[$0].name) }
            ?? free.first { written[$0].aliases.contains(field.name) }
    }

    /// What is done with one field that was written.
    enum Step<Reader: Sendable>: Sendable {
        case skip(StateShape)
        case read(Int, Reader)
    }

    /// What is done with each field that was written, in order; `reader` makes what reads one.
    func steps<Reader: Sendable>(
        _ reader: (_ field: Int, _ shape: StateShape) throws -> Reader
    ) throws -> [Step<Reader>] {
        try written.indices.map { source in
            guard let index = taker[source] else { return .skip(written[source].shape) }
            do {
                return .read(index, try reader(index, written[source].shape))
            } catch {
                throw StateFormatError.within(wanted[index].name, error)
            }
        }
    }
}

extension StateFormatError {
    static func missingField(
        _ name: String, written: [StateShape.Field]
    ) -> StateFormatError {
        let names = written.map { "\"\($0.name)\"" }.joined(separator: ", ")
        return StateFormatError(
            "is not in the state that was saved, which has \(names.isEmpty ? "no fields" : names), "
                + "and has no default: make it optional, give it a default, or name the field that "
                + "it was as an alias",
            field: name)
    }

    static func mismatch(written: StateShape, wanted: StateShape) -> StateFormatError {
        StateFormatError("\(wanted) cannot be read from \(written)")
    }
}
