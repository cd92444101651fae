/// Finds fields by the names of JSON members.
///
/// Members mostly come in the order of the fields, so the one after the last found is tried first;
/// else a scan of one word a name, which holds its length and first seven bytes.
struct MemberTable: Sendable {
    private let keys: [UInt64]
    private let names: [[UInt8]]
    /// The field that each name stands for.
    private let fields: [Int]
    /// The field that writers most likely put first, after the one before.
    private let primary: [Int]

    init(_ fields: [StoredField]) {
        var names: [[UInt8]] = []
        var owners: [Int] = []
        var primary: [Int] = []
        for (index, field) in fields.enumerated() {
            primary.append(names.count)
            for name in [field.access.name] + field.access.aliases {
                names.append(Array(name.utf8))
                owners.append(index)
            }
        }
        self.names = names
        self.fields = owners
        self.primary = primary
        keys = names.map { name in name.withUnsafeBufferPointer(Self.key) }
    }

    /// The field named so; `expected` is the one to try first.
    @inline(__always)
    func field(named name: UnsafeBufferPointer<UInt8>, expected: Int) -> Int? {
        let key = Self.key(name)
        if expected < primary.count {
            let entry = primary[expected]
            if keys[entry] == key, isSame(entry, name) { return expected }
        }
        for entry in keys.indices where keys[entry] == key && isSame(entry, name) {
            return fields[entry]
        }
        return nil
    }

    @inline(__always) private func isSame(_ entry: Int, _ name: UnsafeBufferPointer<UInt8>) -> Bool
    {
        guard name.count > 7 else { return true }
        let known = names[entry]
        guard known.count == name.count else { return false }
        for index in 7..<name.count where known[index] != name[index] { return false }
        return true
    }

    /// Length and first seven bytes; for names of up to seven bytes that says all.
    @inline(__always) private static func key(_ name: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var key = UInt64(min(name.count, 255)) << 56
        for index in 0..<min(7, name.count) { key |= UInt64(name[index]) << (8 * UInt64(index)) }
        return key
    }
}
