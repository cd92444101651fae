public import WeirCore

/// A source of values that are in memory already: for tests, small tables, and embedding.
///
/// The splits are contiguous ranges of equal length, give or take one. Times are left
/// ``Timestamp/earliest``; `watermarked` sets them. Recovery goes on with the value after the last.
public struct CollectionSource<Element: Sendable>: Source {
    @usableFromInline let elements: [Element]
    private let splitCount: Int

    /// Reads `elements` in their order, in `splits` ranges side by side.
    ///
    /// - Parameter splits: At least 1; else the job fails as it starts.
    public init(_ elements: some Sequence<Element>, splits: Int = 1) {
        self.elements = Array(elements)
        splitCount = splits
    }

    public var summary: String {
        "collection: \(elements.count) value\(elements.count == 1 ? "" : "s") in memory"
    }

    public var readMode: ReadMode { .inline }
    public var isReplayable: Bool { true }

    /// - Throws: ``SourceSettingError`` where there are to be none.
    public func splits() throws -> [SourceSplit] {
        guard splitCount > 0 else {
            throw SourceSettingError(
                source: "collection", setting: "splits", value: "\(splitCount)",
                mend: "give 1 or more")
        }
        return (0..<splitCount).map { index in
            let (start, end) = (bound(of: index), bound(of: index + 1))
            return SourceSplit(id: "collection-\(index)#\(start)-\(end)", start: start, end: end)
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
        let start = split.position.map { Int($0.offset) } ?? Int(split.start)
        return CollectionReader(
            elements: elements[min(start, end)..<end], first: Int(split.start))
    }
}

/// Reads one range of a ``CollectionSource``.
public struct CollectionReader<Element: Sendable>: SplitReader {
    @usableFromInline var elements: ArraySlice<Element>

    @usableFromInline let first: Int

    @inlinable init(elements: ArraySlice<Element>, first: Int) {
        self.elements = elements
        self.first = first
    }

    /// The index in the collection of the value that comes next.
    @inlinable public var position: SplitPosition? {
        SplitPosition(
            offset: Int64(elements.startIndex), records: Int64(elements.startIndex - first))
    }

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
