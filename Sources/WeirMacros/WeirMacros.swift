#if Macros
    @_exported public import WeirCore

    /// Makes a struct a `WeirCore.Record` by writing its schema.
    ///
    /// ```swift
    /// @Record struct Flight {
    ///     var origin = ""
    ///     @Column("dep_delay", doc: "late departure", unit: "minutes") var delay: Double?
    /// }
    /// ```
    ///
    /// Each stored `var` becomes a field, under its own name unless ``Column(_:aliases:doc:unit:)``
    /// gives another. Static and computed properties are not fields. The struct needs an `init()`:
    /// either every property has a default value (an optional has `nil`), or it declares one.
    ///
    /// What cannot be a field is reported where it stands: a `let`, since decoders write fields in
    /// place; `lazy` and observed properties, which have no storage of their own to write to; several
    /// properties in one pattern. So are names given twice, and types other than structs.
    @attached(extension, conformances: Record, names: named(schema))
    public macro Record() = #externalMacro(module: "WeirMacrosPlugin", type: "RecordMacro")

    /// Says how a property of a ``Record()`` is known to the outside world.
    ///
    /// - Parameters:
    ///   - name: The name in files, tables and messages. Default: the property's.
    ///   - aliases: Other names under which it is found when read.
    ///   - doc: What it means.
    ///   - unit: The unit of its values: `minutes`, `USD`.
    @attached(peer)
    public macro Column(
        _ name: String? = nil, aliases: [String] = [], doc: String? = nil, unit: String? = nil
    ) = #externalMacro(module: "WeirMacrosPlugin", type: "ColumnMacro")
#endif
