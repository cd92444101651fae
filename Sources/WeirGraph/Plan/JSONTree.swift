/// JSON text with its members in the order in which they were put down, so that two outputs of one
/// kind can be compared line by line.
package indirect enum JSONTree: Sendable {
    case object([(name: String, value: JSONTree)])
    case array([JSONTree])
    case string(String)
    case integer(Int)
    case number(Double)
    case bool(Bool)
    case null

    /// The text, `nil` as `null`.
    package static func optional(_ text: String?) -> JSONTree { text.map(JSONTree.string) ?? .null }

    /// The value as JSON, ending without a line break.
    ///
    /// - Parameter isIndented: Whether to use one line a member; lists of plain values, and objects
    ///   that fit on a line, stay on one. Otherwise there is one line in all.
    package func text(isIndented: Bool = true) -> String {
        var output = ""
        append(to: &output, indent: isIndented ? 0 : nil)
        return output
    }

    private func append(to output: inout String, indent: Int?) {
        // On one line there is nothing to decide.
        let inner = indent == nil || isFlat ? nil : indent
        switch self {
        case .object(let members):
            append(members, ("{", "}"), to: &output, indent: inner) {
                Self.append(quoting: $0.name, to: &$1)
                $1 += ": "
                $0.value.append(to: &$1, indent: $2)
            }
        case .array(let elements):
            append(elements, ("[", "]"), to: &output, indent: inner) {
                $0.append(to: &$1, indent: $2)
            }
        case .string(let text): Self.append(quoting: text, to: &output)
        case .integer(let value): output += "\(value)"
        case .number(let value): output += value.isFinite ? "\(value)" : "null"
        case .bool(let value): output += value ? "true" : "false"
        case .null: output += "null"
        }
    }

    private var isLeaf: Bool {
        switch self {
        case .object, .array: false
        default: true
        }
    }

    /// Whether it is put on one line: lists of plain values, and short objects of such.
    private var isFlat: Bool {
        switch self {
        case .object(let members):
            members.allSatisfy(\.value.isPlain) && text(isIndented: false).utf8.count <= 120
        default: isPlain
        }
    }

    private var isPlain: Bool {
        switch self {
        case .object: false
        case .array(let elements): elements.allSatisfy(\.isLeaf)
        default: true
        }
    }

    private func append<Item>(
        _ items: [Item], _ brackets: (open: String, close: String), to output: inout String,
        indent: Int?, _ appendItem: (Item, inout String, Int?) -> Void
    ) {
        output += brackets.open
        for (index, item) in items.enumerated() {
            if index > 0 { output += indent == nil ? ", " : "," }
            if let indent { output += "\n" + String(repeating: "  ", count: indent + 1) }
            appendItem(item, &output, indent.map { $0 + 1 })
        }
        if let indent, !items.isEmpty { output += "\n" + String(repeating: "  ", count: indent) }
        output += brackets.close
    }

    /// Source: RFC 8259, section 7.
    private static func append(quoting text: String, to output: inout String) {
        output += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            case "\u{0}"..<" ":
                let digits = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: output.unicodeScalars.append(scalar)
            }
        }
        output += "\""
    }
}
