extension StateShape: CustomStringConvertible {
    /// The form as a short text in Swift's own terms: `[String: Int]`, `Order(id: Int, cents: Int?)`.
    public var description: String {
        switch self {
        case .unit: "Void"
        case .bool: "Bool"
        case .signed(let bits): bits == 64 ? "Int" : "Int\(bits)"
        case .unsigned(let bits): bits == 64 ? "UInt" : "UInt\(bits)"
        case .float(let bits): bits == 64 ? "Double" : "Float"
        case .string: "String"
        case .bytes: "bytes"
        case .timestamp: "Timestamp"
        case .optional(let wrapped): "\(wrapped)?"
        case .array(let element): "[\(element)]"
        case .dictionary(let key, let value): "[\(key): \(value)]"
        case .record(let name, let fields): "\(name)(\(Self.list(fields)))"
        case .variant(let name, let cases):
            "\(name){\(cases.map(Self.caseText).joined(separator: " | "))}"
        case .opaque(let name): "\(name) (opaque)"
        case .coded(let name, let fields):
            fields.isEmpty ? "\(name) (Codable)" : "\(name)(\(Self.list(fields))) (Codable)"
        }
    }

    private static func list(_ fields: [Field]) -> String {
        fields.map { "\($0.name): \($0.shape)" }.joined(separator: ", ")
    }

    private static func caseText(_ field: Field) -> String {
        field.shape == .unit ? field.name : "\(field.name)(\(field.shape))"
    }
}
