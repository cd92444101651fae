/// The records that make up a match, or the part of one found so far, by stage.
///
/// Shape: `count` records in the order of time, each with its event time and its stage.
public struct PatternMatch<Element: Sendable>: Sendable {
    /// A record of a match.
    @frozen public struct Taken: Sendable {
        /// The record.
        public let record: Element
        /// Its event time.
        public let time: Timestamp
        @usableFromInline let stage: Int

        /// A record that the stage of that number has taken.
        @inlinable package init(_ record: Element, at time: Timestamp, stage: Int) {
            self.record = record
            self.time = time
            self.stage = stage
        }
    }

    @usableFromInline let stageNames: [String]
    /// The records with their times.
    public let taken: [Taken]

    /// A match of these records, whose stages are indices into `stageNames`.
    @inlinable package init(stageNames: [String], _ taken: [Taken]) {
        self.stageNames = stageNames
        self.taken = taken
    }

    /// The records of a stage, in order of time; none where it was left out, or the pattern has no such
    /// stage.
    @inlinable public subscript(stage: String) -> [Element] {
        taken.compactMap { stageNames[$0.stage] == stage ? $0.record : nil }
    }

    /// The first record of a stage; `nil` where it has none.
    @inlinable public func first(_ stage: String) -> Element? {
        taken.first { stageNames[$0.stage] == stage }?.record
    }

    /// The last record of a stage; `nil` where it has none.
    @inlinable public func last(_ stage: String) -> Element? {
        taken.last { stageNames[$0.stage] == stage }?.record
    }

    /// The number of records that a stage has taken.
    @inlinable public func count(of stage: String) -> Int {
        taken.reduce(0) { $0 + (stageNames[$1.stage] == stage ? 1 : 0) }
    }

    /// All records, in order of time.
    @inlinable public var records: [Element] { taken.map(\.record) }
    /// The number of records.
    @inlinable public var count: Int { taken.count }
    /// Whether no record has been taken yet, as a condition of the first stage sees it.
    @inlinable public var isEmpty: Bool { taken.isEmpty }
    /// The event time of the first record; `nil` where there is none.
    @inlinable public var start: Timestamp? { taken.first?.time }
    /// The event time of the last record; `nil` where there is none.
    @inlinable public var end: Timestamp? { taken.last?.time }

    /// The stages that took records, in order, with these.
    public var stages: [(name: String, records: [Element])] {
        var stages: [(name: String, records: [Element])] = []
        var current: Int?
        for entry in taken {
            if entry.stage == current {
                stages[stages.count - 1].records.append(entry.record)
            } else {
                stages.append((stageNames[entry.stage], [entry.record]))
                current = entry.stage
            }
        }
        return stages
    }
}

extension PatternMatch: Equatable where Element: Equatable {
    public static func == (left: Self, right: Self) -> Bool {
        left.taken.count == right.taken.count
            && zip(left.taken, right.taken).allSatisfy { one, other in
                one.record == other.record && one.time == other.time
                    && left.stageNames[one.stage] == right.stageNames[other.stage]
            }
    }
}

extension PatternMatch: CustomStringConvertible {
    /// The stages with their records: `failures: 1, 2; success: 3`.
    public var description: String {
        stages.map { stage in
            "\(stage.name): " + stage.records.map { "\($0)" }.joined(separator: ", ")
        }.joined(separator: "; ")
    }
}

/// A partial match whose span was over before it was complete.
public struct TimedOutMatch<Key: Sendable, Element: Sendable>: Sendable {
    /// The key of its records.
    public var key: Key
    /// What there was of it.
    public var match: PatternMatch<Element>

    /// A partial match of a key.
    @inlinable public init(key: Key, match: PatternMatch<Element>) {
        self.key = key
        self.match = match
    }
}

extension TimedOutMatch: Equatable where Key: Equatable, Element: Equatable {}

extension PatternMatch: StateComposite {
    public static func stateCodec() throws -> StateCodec<PatternMatch> {
        try .record(
            "PatternMatch", StateField("stageNames") { $0.stageNames },
            StateField("taken") { $0.taken }
        ) { stageNames, taken in
            guard taken.allSatisfy({ stageNames.indices.contains($0.stage) }) else {
                throw StateFormatError("a match has a record of a stage that it does not have")
            }
            return PatternMatch(stageNames: stageNames, taken)
        }
    }
}

extension PatternMatch.Taken: StateComposite {
    public static func stateCodec() throws -> StateCodec<Self> {
        try .record(
            "Taken", StateField("record") { $0.record }, StateField("time") { $0.time },
            StateField("stage") { $0.stage }
        ) { Self($0, at: $1, stage: $2) }
    }
}

extension TimedOutMatch: StateComposite {
    public static func stateCodec() throws -> StateCodec<TimedOutMatch> {
        try .record(
            "TimedOutMatch", StateField("key") { $0.key }, StateField("match") { $0.match }
        ) { TimedOutMatch(key: $0, match: $1) }
    }
}
