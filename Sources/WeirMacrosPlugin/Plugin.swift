#if Macros
    import SwiftCompilerPlugin
    import SwiftSyntaxMacros

    @main struct WeirMacrosPlugin: CompilerPlugin {
        let providingMacros: [any Macro.Type] = [RecordMacro.self, ColumnMacro.self]
    }
#else
    // Without the trait there is no macro, and swift-syntax is neither fetched nor built; the target
    // still has to be a program.
    @main struct WeirMacrosPlugin {
        static func main() {}
    }
#endif
