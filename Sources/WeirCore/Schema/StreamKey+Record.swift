/// Records can be keys without more code: `struct Route: Record, StreamKey`.
extension StreamKey where Self: Record {
    /// Folds in every field of the schema, in order.
    public func hash(into hasher: inout StableHasher) {
        Self.schema.layout.fold(self, into: &hasher)
    }
}
