public import WeirCore

/// Appends the change that leads from one row to the other, unless there is none.
///
/// - Parameter isSame: Tells rows apart; `nil` where they cannot be compared, and each update is
///   taken for a change.
@inlinable
func appendChange<Key, Row>(
    _ key: Key, from old: Row?, to new: Row?, at time: Timestamp, isSame: ((Row, Row) -> Bool)?,
    into output: inout Batch<KeyedChange<Key, Row>>
) {
    if let isSame, let old, let new, isSame(old, new) { return }
    guard let change = Change(from: old, to: new) else { return }
    output.append(KeyedChange(key: key, change), at: time)
}

/// Appends the change of one row to the other, unless they are the same.
///
/// - Parameter isSame: As of ``appendChange(_:from:to:at:isSame:into:)``.
@inlinable @inline(__always)
func appendUpdate<Key, Row>(
    _ key: Key, from old: Row, to new: Row, at time: Timestamp, isSame: ((Row, Row) -> Bool)?,
    into output: inout Batch<KeyedChange<Key, Row>>
) {
    if let isSame, isSame(old, new) { return }
    output.append(KeyedChange(key: key, .update(old: old, new: new)), at: time)
}

/// How rows are compared: by `==` where the type has it, found out once for an operator; `nil`
/// where it has not.
@inlinable
func comparison<Row>(of type: Row.Type) -> ((Row, Row) -> Bool)? {
    func equality<Equal: Equatable>(of type: Equal.Type) -> Any {
        { (left: Equal, right: Equal) -> Bool in left == right } as Any
    }
    guard let equatable = type as? any Equatable.Type else { return nil }
    return equality(of: equatable) as? (Row, Row) -> Bool
}
