#if Macros
    package import SwiftSyntax
    import SwiftSyntaxBuilder
    package import SwiftSyntaxMacros

    /// Writes the schema of a struct: the expansion of `@Record`.
    package enum RecordMacro: ExtensionMacro {
        package static func expansion(
            of node: AttributeSyntax, attachedTo declaration: some DeclGroupSyntax,
            providingExtensionsOf type: some TypeSyntaxProtocol,
            conformingTo protocols: [TypeSyntax],
            in context: some MacroExpansionContext
        ) throws -> [ExtensionDeclSyntax] {
            guard let structure = declaration.as(StructDeclSyntax.self) else {
                context.report(.notAStruct(declaration.kindName), at: node)
                return []
            }
            guard structure.genericParameterClause == nil else {
                context.report(.generic(structure.name.text), at: structure.name)
                return []
            }
            var reader = RecordReader(context: context)
            let fields = reader.fields(of: structure)
            guard !reader.hasFailed else { return [] }
            guard !fields.isEmpty else {
                context.report(.noFields(structure.name.text), at: structure.name)
                return []
            }
            let conformance = protocols.isEmpty ? "" : ": WeirCore.Record"
            let lines = fields.map { "        \($0.text)" }.joined(separator: "\n")
            let source: DeclSyntax = """
                extension \(type.trimmed)\(raw: conformance) {
                    \(raw: structure.memberAccess)static let schema = WeirCore.Schema(\(type.trimmed).init) {
                \(raw: lines)
                    }
                }
                """
            return source.as(ExtensionDeclSyntax.self).map { [$0] } ?? []
        }
    }

    /// The expansion of `@Column`: nothing, since ``RecordMacro`` reads the attribute.
    package enum ColumnMacro: PeerMacro {
        package static func expansion(
            of node: AttributeSyntax, providingPeersOf declaration: some DeclSyntaxProtocol,
            in context: some MacroExpansionContext
        ) throws -> [DeclSyntax] {
            let owner = context.lexicalContext.first?.asProtocol((any WithAttributesSyntax).self)
            if owner?.attributes.named("Record") == nil {
                context.report(.columnOutsideRecord, at: node)
            }
            return []
        }
    }

    extension StructDeclSyntax {
        /// The access that a witness of a public protocol needs here, with a space.
        fileprivate var memberAccess: String {
            for modifier in modifiers {
                switch modifier.name.tokenKind {
                case .keyword(.public): return "public "
                case .keyword(.package): return "package "
                default: continue
                }
            }
            return ""
        }
    }

    extension DeclGroupSyntax {
        fileprivate var kindName: String {
            switch kind {
            case .classDecl: "a class"
            case .actorDecl: "an actor"
            case .enumDecl: "an enum"
            case .protocolDecl: "a protocol"
            case .extensionDecl: "an extension"
            default: "this declaration"
            }
        }
    }

    extension AttributeListSyntax {
        /// The attribute of that name, with or without its module.
        func named(_ name: String) -> AttributeSyntax? {
            for case .attribute(let attribute) in self {
                let text = attribute.attributeName.trimmedDescription
                if text == name || text == "WeirMacros.\(name)" { return attribute }
            }
            return nil
        }
    }
#endif
