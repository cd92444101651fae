enum FieldProbe {
    static func fields<R>(of: R.Type) -> ([FieldDescription], SchemaError?) { ([], nil) }
}
extension FieldTree { init<R>(encoding: R) throws { self = .null } }
extension FieldError { init(coding error: any Error) { self.init("\(error)") } }
extension TreeDecoder: Decoder {
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }
    func container<Key>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key>
    where Key: CodingKey { throw FieldError("todo") }
    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw FieldError("todo") }
    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        throw FieldError("todo")
    }
}
