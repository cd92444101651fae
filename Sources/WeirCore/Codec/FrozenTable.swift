/// An array that is read in place: an element is lent, not copied.
///
/// The entries hold a dozen closures each; an array's subscript copies an entry to read one of them,
/// which made retaining and releasing half of the time of decoding a record.
///
/// Unchecked, because the elements are written by `init` alone.
final class FrozenTable<Element: Sendable>: @unchecked Sendable {
    // SAFETY: `count` initialised elements, owned by this object, freed by its deinit.
    private let elements: UnsafeMutablePointer<Element>
    let count: Int

    init(_ source: [Element]) {
        count = source.count
        elements = .allocate(capacity: source.count)
        (_, _) = UnsafeMutableBufferPointer(start: elements, count: count).initialize(from: source)
    }

    deinit {
        elements.deinitialize(count: count)
        elements.deallocate()
    }

    var indices: Range<Int> { 0..<count }
    var isEmpty: Bool { count == 0 }

    /// The element at `index`.
    ///
    /// - Precondition: `index` is in `0 ..< count`; checked in debug builds, since every caller
    ///   loops over ``indices`` or asks a table of the same fields.
    subscript(index: Int) -> Element {
        @inline(__always) unsafeAddress {
            assert(index >= 0 && index < count, "no such entry")
            return UnsafePointer(elements + index)
        }
    }
}
