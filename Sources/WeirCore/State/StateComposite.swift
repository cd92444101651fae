/// A value whose codec is put together from the codecs of its parts.
///
/// For generic types whose parts may be of any type: a part is looked for by
/// ``StateCodec/find()``, so it may be a ``StateValue``, a ``Record`` or only `Codable`.
///
/// ```swift
/// extension Versioned: StateComposite {
///     static func stateCodec() throws -> StateCodec<Self> {
///         try .record(
///             "Versioned", StateField("value") { $0.value }, StateField("version") { $0.version }
///         ) { Versioned(value: $0, version: $1) }
///     }
/// }
/// ```
public protocol StateComposite {
    /// Makes the codec; asked once for each piece of state that holds such values.
    ///
    /// - Throws: ``StateFormatError`` when a part has no codec.
    static func stateCodec() throws -> StateCodec<Self>
}
