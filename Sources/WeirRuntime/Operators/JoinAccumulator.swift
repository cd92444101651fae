public import WeirCore

/// A record of either side of a join.
public enum JoinSide<Left: Sendable, Right: Sendable>: Sendable {
    /// A record of the stream that the join was called on.
    case left(Left)
    /// A record of the other stream.
    case right(Right)
}

/// Which records of a join without a partner appear in its result.
public enum JoinKind: String, Sendable {
    /// None.
    case inner
    /// Those of the stream that the join was called on.
    case left
    /// Those of the other stream.
    case right
    /// Those of both.
    case full
    /// Not pairs, but each record of the stream that the join was called on that has a partner, once.
    case semi
    /// Not pairs, but each record of the stream that the join was called on that has no partner.
    case anti

    @inlinable var keepsLeft: Bool { self == .left || self == .full }
    @inlinable var keepsRight: Bool { self == .right || self == .full }
    /// Whether of the other stream it matters only that there is a record.
    @inlinable var filtersLeft: Bool { self == .semi || self == .anti }
}

/// The records of both sides with one key, in one slice or window.
public struct JoinAccumulator<Left: Sendable, Right: Sendable>: Sendable {
    @usableFromInline var lefts: ContiguousArray<Left>
    @usableFromInline var rights: ContiguousArray<Right>
    /// Whether there was a right record, where that is all that matters; earlier checkpoints have the first
    /// one in `rights` instead.
    @usableFromInline var hasRight: Bool

    @inlinable init(
        lefts: ContiguousArray<Left> = [], rights: ContiguousArray<Right> = [],
        hasRight: Bool = false
    ) {
        self.lefts = lefts
        self.rights = rights
        self.hasRight = hasRight
    }

    /// Whether the left records have a partner.
    @inlinable var isMatched: Bool { hasRight || !rights.isEmpty }

    /// Appends the joined rows from `position` on, until `output` holds `limit` rows.
    ///
    /// Order: by left record, then right record, each in the order of arrival.
    ///
    /// - Returns: Whether the last row has been appended.
    @inlinable func emit<Output>(
        _ kind: JoinKind, at time: Timestamp, position: inout Int, into output: inout Batch<Output>,
        limit: Int, _ result: (Left?, Right?) throws -> Output
    ) throws -> Bool {
        let rows = rowCount(kind)
        while position < rows {
            if output.count >= limit { return false }
            let row: Output
            if rights.isEmpty || kind.filtersLeft {
                row = try result(lefts[position], nil)
            } else if lefts.isEmpty {
                row = try result(nil, rights[position])
            } else {
                row = try result(lefts[position / rights.count], rights[position % rights.count])
            }
            output.append(row, at: time)
            position &+= 1
        }
        return true
    }

    @inlinable func rowCount(_ kind: JoinKind) -> Int {
        if kind == .semi { return isMatched ? lefts.count : 0 }
        if kind == .anti { return isMatched ? 0 : lefts.count }
        if rights.isEmpty { return kind.keepsLeft ? lefts.count : 0 }
        if lefts.isEmpty { return kind.keepsRight ? rights.count : 0 }
        return lefts.count * rights.count
    }
}

/// Collects the records of both sides of a join; of the right side only that there is one, where no more
/// matters.
public struct JoinAggregate<Left: Sendable, Right: Sendable>: Aggregate {
    @usableFromInline let kind: JoinKind

    @inlinable init(_ kind: JoinKind) { self.kind = kind }

    @inlinable public func makeAccumulator() -> JoinAccumulator<Left, Right> { JoinAccumulator() }

    @inlinable public func add(
        _ record: JoinSide<Left, Right>, to accumulator: inout JoinAccumulator<Left, Right>
    ) {
        switch record {
        case .left(let left): accumulator.lefts.append(left)
        case .right(let right): add(right, toRightsOf: &accumulator)
        }
    }

    @inlinable func add(
        _ right: Right, toRightsOf accumulator: inout JoinAccumulator<Left, Right>
    ) {
        if kind.filtersLeft {
            accumulator.hasRight = true
        } else {
            accumulator.rights.append(right)
        }
    }

    @inlinable public func merge(
        _ other: JoinAccumulator<Left, Right>, into accumulator: inout JoinAccumulator<Left, Right>
    ) {
        accumulator.lefts += other.lefts
        if kind.filtersLeft {
            accumulator.hasRight = accumulator.isMatched || other.isMatched
        } else {
            accumulator.rights += other.rights
        }
    }

    @inlinable public func result(
        of accumulator: JoinAccumulator<Left, Right>
    ) -> JoinAccumulator<Left, Right> {
        accumulator
    }
}
