/// A record whose schema is stated by key paths: the fast way to say what a record is.
///
/// ```swift
/// struct Flight: Record {
///     var carrier = "", origin = "", delay: Double?
///
///     static let schema = Schema(Flight.init) {
///         Field("carrier", \.carrier)
///         Field("origin", \.origin)
///         Field("dep_delay", \.delay, doc: "late departure", unit: "minutes")
///     }
/// }
/// ```
///
/// A stored property lies at a fixed offset, so the codecs read and write fields in place. The names
/// are those of the outside world: of columns, JSON members and tables. State the schema as a
/// `static let`, so that it is formed once.
///
/// A record may be a field of another, alone, optional or in an array.
public protocol Record: FieldValue {
    /// The fields of this type, by name and key path.
    static var schema: Schema<Self> { get }
}
