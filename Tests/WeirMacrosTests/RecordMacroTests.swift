#if Macros
    import SwiftSyntax
    import SwiftSyntaxBuilder
    import SwiftSyntaxMacroExpansion
    import SwiftSyntaxMacros
    import SwiftSyntaxMacrosGenericTestSupport
    import Testing
    import WeirMacrosPlugin

    private let macros: [String: MacroSpec] = [
        "Record": MacroSpec(type: RecordMacro.self, conformances: ["Record"]),
        "Column": MacroSpec(type: ColumnMacro.self),
    ]

    /// Checks an expansion, and that nothing else is reported than `diagnostics`.
    private func expect(
        _ source: String, expandsTo expected: String, _ diagnostics: [DiagnosticSpec] = [],
        location: Testing.SourceLocation = #_sourceLocation
    ) {
        assertMacroExpansion(
            source, expandedSource: expected, diagnostics: diagnostics, macroSpecs: macros,
            indentationWidth: .spaces(4),
            failureHandler: { failure in
                Issue.record("\(failure.message)", sourceLocation: location)
            })
    }

    /// Checks that the body of a record is refused with `diagnostics` and nothing is written.
    private func expectRefusal(
        of body: String, _ message: String, line: Int = 2, column: Int = 5,
        location: Testing.SourceLocation = #_sourceLocation
    ) {
        let bare = body.replacing(#/@Column(\([^)]*\))? /#, with: "")
        expect(
            "@Record struct R {\n    \(body)\n}", expandsTo: "struct R {\n    \(bare)\n}",
            [DiagnosticSpec(message: message, line: line, column: column)], location: location)
    }

    @Suite struct `The Record macro` {
        @Test func `writes a field for each stored property`() {
            expect(
                """
                @Record struct Flight {
                    var origin = "", `repeat` = 0
                    @Column("dep_delay", aliases: ["late"], doc: "late departure", unit: "minutes")
                    var delay: Double?
                    @Column(unit: "miles") var distance = 0.0
                    static let kind = "flight"
                    var isLate: Bool { (delay ?? 0) > 0 }
                    var half: Double {
                        get { distance / 2 }
                        set { distance = newValue * 2 }
                    }
                    func description() -> String { origin }
                }
                """,
                expandsTo: """
                    struct Flight {
                        var origin = "", `repeat` = 0
                        var delay: Double?
                        var distance = 0.0
                        static let kind = "flight"
                        var isLate: Bool { (delay ?? 0) > 0 }
                        var half: Double {
                            get { distance / 2 }
                            set { distance = newValue * 2 }
                        }
                        func description() -> String { origin }
                    }

                    extension Flight: WeirCore.Record {
                        static let schema = WeirCore.Schema(Flight.init) {
                            WeirCore.Field("origin", \\.origin)
                            WeirCore.Field("repeat", \\.`repeat`)
                            WeirCore.Field("dep_delay", \\.delay, aliases: ["late"], doc: "late departure", unit: "minutes")
                            WeirCore.Field("distance", \\.distance, unit: "miles")
                        }
                    }
                    """)
        }

        @Test func `makes the schema as visible as the struct`() {
            expect(
                """
                @Record public struct R {
                    public var a: Int
                    public init() { a = 1 }
                }
                """,
                expandsTo: """
                    public struct R {
                        public var a: Int
                        public init() { a = 1 }
                    }

                    extension R: WeirCore.Record {
                        public static let schema = WeirCore.Schema(R.init) {
                            WeirCore.Field("a", \\.a)
                        }
                    }
                    """)
        }

        @Test func `takes optionals without a default value`() {
            expect(
                """
                @Record struct R {
                    var a, b: Int?
                    var c: Optional<String>
                }
                """,
                expandsTo: """
                    struct R {
                        var a, b: Int?
                        var c: Optional<String>
                    }

                    extension R: WeirCore.Record {
                        static let schema = WeirCore.Schema(R.init) {
                            WeirCore.Field("a", \\.a)
                            WeirCore.Field("b", \\.b)
                            WeirCore.Field("c", \\.c)
                        }
                    }
                    """)
        }

        @Test(arguments: [
            ("class", "a class"), ("enum", "an enum"), ("actor", "an actor"),
        ])
        func `is for structs alone`(keyword: String, kind: String) {
            expect(
                "@Record \(keyword) R {}", expandsTo: "\(keyword) R {}",
                [
                    DiagnosticSpec(
                        message:
                            "@Record makes records of structs, not of \(kind); make it a struct",
                        line: 1, column: 1)
                ])
        }

        @Test func `refuses a generic struct and one without fields`() {
            expect(
                "@Record struct R<T> {}", expandsTo: "struct R<T> {}",
                [
                    DiagnosticSpec(
                        message:
                            "a generic struct cannot have a static schema; make R concrete, or "
                            + "write its `static var schema` out", line: 1, column: 16)
                ])
            expect(
                "@Record struct R {}", expandsTo: "struct R {}",
                [
                    DiagnosticSpec(
                        message: "R has no stored `var`, so its schema would be empty; add one",
                        line: 1, column: 16)
                ])
        }

        @Test func `says why a property can't be a field`() {
            expectRefusal(
                of: "var a: Int",
                "'a' needs a default value, so that decoders can start from `init()`; give it one, "
                    + "make it optional, or declare `init()`", column: 9)
            expectRefusal(
                of: "let a = 1",
                "'a' is a `let`, and decoders write fields in place; make it `var`, or `static let` "
                    + "if it is the same for all records", column: 9)
            expectRefusal(
                of: "lazy var a = 1",
                "'a' is lazy, so it has no storage of its type; make it a plain `var`", column: 14)
            expectRefusal(
                of: "var a = 1 { didSet { print(a) } }",
                "'a' has observers, which decoders would pass by; remove them", column: 9)
            expectRefusal(
                of: "var (a, b) = (1, 2)",
                "'(a, b)' declares several properties in one pattern; declare each by itself",
                column: 9)
        }

        @Test func `needs an init without parameters`() {
            expectRefusal(
                of: "var a = 1; init(a: Int) { self.a = a }",
                "R declares initialisers, so it has no `init()` for decoders to start from; declare "
                    + "one, or move these to an extension", column: 16)
        }

        @Test func `refuses names given twice, and empty ones`() {
            expectRefusal(
                of: "var a = 1; @Column(\"a\") var b = 1",
                "the name \"a\" stands for both 'a' and 'b'; change one", column: 24)
            expectRefusal(
                of: "@Column(aliases: [\"x\", \"x\"]) var a = 1",
                "the name \"x\" is given to 'a' twice; remove one", column: 28)
            expectRefusal(
                of: "@Column(\"\") var a = 1",
                "a name or alias of 'a' is empty; give the name that it has in the data", column: 13
            )
        }

        @Test func `refuses a column that is no stored property of a record`() {
            expectRefusal(
                of: "var a = 1; @Column(\"b\") static var b = 1",
                "@Column has no meaning on a static property, which is not a field; remove it",
                column: 16)
            expectRefusal(
                of: "var a = 1; @Column(\"b\") var b: Int { 1 }",
                "'b' is computed, so it cannot be a column; store it, or remove @Column", column: 16
            )
            expect(
                "struct R {\n    @Column(\"b\") var b = 1\n}",
                expandsTo: "struct R {\n    var b = 1\n}",
                [
                    DiagnosticSpec(
                        message: "@Column has a meaning only on the properties of a @Record struct",
                        line: 2, column: 5)
                ])
        }
    }
#endif
