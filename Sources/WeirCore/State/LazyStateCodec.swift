/// The codec of a type, found when it is first asked for: looking for one takes too long for a barrier.
///
/// Confined to the worker of the part that has it.
package struct LazyStateCodec<Value> {
    private var found: StateCodec<Value>?

    /// Has found nothing yet.
    package init() {}

    /// The codec.
    ///
    /// - Throws: ``StateFormatError`` when the type has none.
    package mutating func get() throws -> StateCodec<Value> {
        if let found { return found }
        let codec = try StateCodec<Value>.find()
        found = codec
        return codec
    }
}
