#if Macros
    import SwiftDiagnostics
    import SwiftSyntax
    import SwiftSyntaxMacros

    /// What `@Record` and `@Column` cannot make sense of.
    enum RecordDiagnostic: DiagnosticMessage {
        case notAStruct(String)
        case generic(String)
        case noFields(String)
        case noEmptyInitialiser(String)
        case noDefault(String)
        case constant(String)
        case lazy(String)
        case observed(String)
        case pattern(String)
        case conditional
        case columnOnStatic
        case columnOnComputed(String)
        case columnOutsideRecord
        case duplicate(String, String, String)
        case emptyName(String)

        var severity: DiagnosticSeverity {
            if case .conditional = self { .warning } else { .error }
        }

        var diagnosticID: MessageID {
            let name = "\(self)".prefix { $0 != "(" }
            return MessageID(domain: "WeirMacros", id: String(name))
        }

        var message: String {
            switch self {
            case .notAStruct(let kind):
                "@Record makes records of structs, not of \(kind); make it a struct"
            case .generic(let name):
                "a generic struct cannot have a static schema; make \(name) concrete, or write its "
                    + "`static var schema` out"
            case .noFields(let name):
                "\(name) has no stored `var`, so its schema would be empty; add one"
            case .noEmptyInitialiser(let name):
                "\(name) declares initialisers, so it has no `init()` for decoders to start from; "
                    + "declare one, or move these to an extension"
            case .noDefault(let property):
                "'\(property)' needs a default value, so that decoders can start from `init()`; give "
                    + "it one, make it optional, or declare `init()`"
            case .constant(let property):
                "'\(property)' is a `let`, and decoders write fields in place; make it `var`, or "
                    + "`static let` if it is the same for all records"
            case .lazy(let property):
                "'\(property)' is lazy, so it has no storage of its type; make it a plain `var`"
            case .observed(let property):
                "'\(property)' has observers, which decoders would pass by; remove them"
            case .pattern(let pattern):
                "'\(pattern)' declares several properties in one pattern; declare each by itself"
            case .conditional:
                "properties under `#if` do not become fields; write the schema out to have them"
            case .columnOnStatic:
                "@Column has no meaning on a static property, which is not a field; remove it"
            case .columnOnComputed(let property):
                "'\(property)' is computed, so it cannot be a column; store it, or remove @Column"
            case .columnOutsideRecord:
                "@Column has a meaning only on the properties of a @Record struct"
            case .duplicate(let name, let first, let second):
                first == second
                    ? "the name \"\(name)\" is given to '\(first)' twice; remove one"
                    : "the name \"\(name)\" stands for both '\(first)' and '\(second)'; change one"
            case .emptyName(let property):
                "a name or alias of '\(property)' is empty; give the name that it has in the data"
            }
        }
    }

    extension MacroExpansionContext {
        func report(_ diagnostic: RecordDiagnostic, at node: some SyntaxProtocol) {
            diagnose(Diagnostic(node: node, message: diagnostic))
        }
    }
#endif
