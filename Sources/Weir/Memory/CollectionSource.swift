public import WeirCore

/// A source of values that are in memory already: for tests, small tables, and embedding.
///
/// The splits are contiguous ranges of equal length, give or take one. Times are left
/// ``Timestamp/earliest``; `watermarked` sets them.
public struct CollectionSource<Element: Sendable>: Source {
    @usableFromInline let elements: [Element]
    private let splitCount: Int

    /// Reads `elements` in their order, in `splits` ranges side by side.
    ///
    /// - Precondition: `splits` is above 0.
    public init(_ elements: some Sequence<Element>, splits: Int = 1) {
        precondition(splits > 0, "a collection source needs at least one split, not \(splits)")
        self.elements = Array(elements)
        splitCount = splits
    }

    public var summary: String {
        "collection: \(elements.count) value\(elements.count == 1 ? "" : "s") in memory"
    }

    public var readMode: ReadMode { .inline }

    public func splits() -> [SourceSplit] {
        (0..<splitCount).map { index in
            SourceSplit(
                id: "collection-\(index)", start: bound(of: index), end: bound(of: index + 1))
        }
    }

    private func bound(of split: Int) -> Int64 {
        // In parts, so that the product cannot overflow.
        let (share, rest) = elements.count.quotientAndRemainder(dividingBy: splitCount)
        return Int64(share * split + min(split, rest))
    }

    @inlinable public func reader(
        for split: SourceSplit, context: ReaderContext
    ) -> CollectionReader<Element> {
        let end = split.end.map { Int($0) } ?? elements.count
        return CollectionReader(elements: elements[Int(split.start)..<end])
    }
}

/// Reads one range of a ``CollectionSource``.
public struct CollectionReader<Element: Sendable>: SplitReader {
    @usableFromInline var elements: ArraySlice<Element>

    @inlinable init(elements: ArraySlice<Element>) { self.elements = elements }

    @inlinable public mutating func read(
        into batch: inout Batch<Element>, limit: Int
    ) -> ReadOutcome {
        let rows = min(limit, elements.count)
        let first = elements.startIndex
        batch.appendRows(rows, at: .earliest) { elements[first + $0] }
        elements = elements[(first + rows)...]
        return elements.isEmpty ? .end : .more
    }
}
