#if Macros
    import SwiftSyntax
    import SwiftSyntaxMacros

    /// A line of the schema.
    struct RecordField {
        /// `WeirCore.Field("name", \.name)`.
        let text: String
    }

    /// Finds the fields of a struct, and reports what cannot be one.
    struct RecordReader<Context: MacroExpansionContext> {
        private let context: Context
        private(set) var hasFailed = false
        /// The names that are taken, by the property that took them.
        private var names: [String: String] = [:]

        init(context: Context) { self.context = context }

        mutating func fields(of structure: StructDeclSyntax) -> [RecordField] {
            let initialisers = structure.memberBlock.members.compactMap {
                $0.decl.as(InitializerDeclSyntax.self)
            }
            let hasEmpty = initialisers.contains { $0.takesNothing }
            if let first = initialisers.first, !hasEmpty {
                fail(.noEmptyInitialiser(structure.name.text), at: first)
            }
            var fields: [RecordField] = []
            for member in structure.memberBlock.members {
                if let block = member.decl.as(IfConfigDeclSyntax.self) {
                    context.report(.conditional, at: block)
                }
                guard let variable = member.decl.as(VariableDeclSyntax.self) else { continue }
                fields += self.fields(of: variable, needsDefault: !hasEmpty)
            }
            return fields
        }

        private mutating func fields(
            of variable: VariableDeclSyntax, needsDefault: Bool
        ) -> [RecordField] {
            let column = variable.attributes.named("Column")
            if variable.has(.static) || variable.has(.class) {
                if let column { fail(.columnOnStatic, at: column) }
                return []
            }
            var fields: [RecordField] = []
            for binding in variable.bindings {
                guard let name = binding.pattern.as(IdentifierPatternSyntax.self)?.identifier else {
                    fail(.pattern(binding.pattern.trimmedDescription), at: binding.pattern)
                    continue
                }
                let property = name.identifier?.name ?? name.text
                if binding.isComputed {
                    if let column { fail(.columnOnComputed(property), at: column) }
                    continue
                }
                if let problem = problem(with: property, binding, of: variable, needsDefault) {
                    fail(problem, at: binding)
                    continue
                }
                fields.append(field(property, name.text, column, at: binding))
            }
            return fields
        }

        /// Why a stored property cannot be a field.
        private func problem(
            with property: String, _ binding: PatternBindingSyntax, of variable: VariableDeclSyntax,
            _ needsDefault: Bool
        ) -> RecordDiagnostic? {
            if variable.bindingSpecifier.tokenKind == .keyword(.let) { return .constant(property) }
            if variable.has(.lazy) { return .lazy(property) }
            if binding.accessorBlock != nil { return .observed(property) }
            if needsDefault, binding.initializer == nil, !isOptional(binding, of: variable) {
                return .noDefault(property)
            }
            return nil
        }

        /// Whether the property is an optional, which starts as `nil`. In `var a, b: Int?` the type
        /// stands with the last name.
        private func isOptional(
            _ binding: PatternBindingSyntax, of variable: VariableDeclSyntax
        ) -> Bool {
            let following = variable.bindings.drop { $0.id != binding.id }
            guard let type = following.lazy.compactMap(\.typeAnnotation?.type).first else {
                return false
            }
            if type.is(OptionalTypeSyntax.self)
                || type.is(ImplicitlyUnwrappedOptionalTypeSyntax.self)
            {
                return true
            }
            let text = type.trimmedDescription
            return text.hasPrefix("Optional<") || text.hasPrefix("Swift.Optional<")
        }

        private mutating func field(
            _ property: String, _ path: String, _ column: AttributeSyntax?,
            at binding: PatternBindingSyntax
        ) -> RecordField {
            var name = "\"\(property)\""
            var rest = ""
            var literals: [StringLiteralExprSyntax] = []
            for argument in column?.arguments?.as(LabeledExprListSyntax.self) ?? [] {
                let value = argument.expression
                if let label = argument.label?.text {
                    rest += ", \(label): \(value.trimmedDescription)"
                    let elements = value.as(ArrayExprSyntax.self)?.elements
                    if label == "aliases", let elements {
                        literals += elements.compactMap {
                            $0.expression.as(StringLiteralExprSyntax.self)
                        }
                    }
                } else if !value.is(NilLiteralExprSyntax.self) {
                    name = value.trimmedDescription
                    literals += [value.as(StringLiteralExprSyntax.self)].compactMap(\.self)
                }
            }
            let isNamed = name != "\"\(property)\""
            if !isNamed { claim(property, for: property, at: Syntax(binding)) }
            for literal in literals {
                guard let text = literal.plainText else { continue }
                if text != property || isNamed { claim(text, for: property, at: Syntax(literal)) }
            }
            return RecordField(text: "WeirCore.Field(\(name), \\.\(path)\(rest))")
        }

        /// Takes a name for a property; a second property may not have it.
        private mutating func claim(_ name: String, for property: String, at node: Syntax) {
            if name.isEmpty { return fail(.emptyName(property), at: node) }
            guard let earlier = names.updateValue(property, forKey: name) else { return }
            fail(.duplicate(name, earlier, property), at: node)
        }

        private mutating func fail(_ diagnostic: RecordDiagnostic, at node: some SyntaxProtocol) {
            hasFailed = true
            context.report(diagnostic, at: node)
        }
    }

    extension StringLiteralExprSyntax {
        /// The text, where it stands as it is: without interpolation and escapes.
        fileprivate var plainText: String? {
            guard segments.count == 1, let segment = segments.first?.as(StringSegmentSyntax.self),
                !segment.content.text.contains("\\")
            else { return nil }
            return segment.content.text
        }
    }

    extension VariableDeclSyntax {
        fileprivate func has(_ keyword: Keyword) -> Bool {
            modifiers.contains { $0.name.tokenKind == .keyword(keyword) }
        }
    }

    extension InitializerDeclSyntax {
        /// Whether it can be called as `init()` and always answers.
        fileprivate var takesNothing: Bool {
            signature.parameterClause.parameters.isEmpty && optionalMark == nil
                && signature.effectSpecifiers == nil
        }
    }

    extension PatternBindingSyntax {
        /// Whether accessors stand in for storage: any but the observers.
        fileprivate var isComputed: Bool {
            switch accessorBlock?.accessors {
            case nil: false
            case .getter: true
            case .accessors(let list):
                !list.contains {
                    [.keyword(.willSet), .keyword(.didSet)].contains($0.accessorSpecifier.tokenKind)
                }
            }
        }
    }
#endif
