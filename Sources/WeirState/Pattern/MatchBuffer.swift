public import WeirCore

/// The records that partial matches of one key have taken, each kept once, and how the matches are made
/// of them.
///
/// A partial match is a path: each node says which stage took which record, and points to the node
/// before. Partial matches that began alike share the nodes of their beginning. A buffer that also shares
/// the nodes of like ends needs version numbers on its pointers to tell the paths apart, as in Agrawal et
/// al.; it saves nodes but has as many pointers, so here each pointer has a node of its own, and a path
/// is found by following it. Nodes and records are counted references, and go with the last one.
///
/// A plain value. Shape: indices are 32 bits wide; freed places are used again.
@usableFromInline
struct MatchBuffer<Element: Sendable>: Sendable {
    /// A record that at least one node points to, or that is being looked at.
    @usableFromInline struct Event: Sendable {
        /// `nil` where the place is free.
        @usableFromInline var record: Element?
        @usableFromInline var time: Timestamp
        /// Counts the records of the key, in the order of processing.
        @usableFromInline var sequence: Int
        @usableFromInline var references: Int32
        /// Whether a result has the record.
        @usableFromInline var isInResult: Bool

        @inlinable init(record: Element, time: Timestamp, sequence: Int) {
            self.record = record
            self.time = time
            self.sequence = sequence
            references = 1
            isInResult = false
        }

        /// A free place.
        init(at time: Timestamp, sequence: Int) {
            record = nil
            self.time = time
            self.sequence = sequence
            references = 0
            isInResult = false
        }
    }

    /// A record that a stage has taken, behind the node of the one taken before.
    @usableFromInline struct Node: Sendable {
        @usableFromInline var event: Int32
        @usableFromInline var stage: Int32
        /// −1: it is the first of its match.
        @usableFromInline var parent: Int32
        @usableFromInline var references: Int32

        @inlinable init(event: Int32, stage: Int32, parent: Int32) {
            self.event = event
            self.stage = stage
            self.parent = parent
            references = 1
        }
    }

    @usableFromInline var events: ContiguousArray<Event> = []
    @usableFromInline var nodes: ContiguousArray<Node> = []
    @usableFromInline var freeEvents: ContiguousArray<Int32> = []
    @usableFromInline var freeNodes: ContiguousArray<Int32> = []

    @inlinable init() {}

    /// The number of records kept.
    @inlinable var eventCount: Int { events.count - freeEvents.count }

    /// Keeps a record, with one reference to it.
    @inlinable mutating func add(_ record: Element, at time: Timestamp, sequence: Int) -> Int32 {
        let event = Event(record: record, time: time, sequence: sequence)
        if let place = freeEvents.popLast() {
            events[Int(place)] = event
            return place
        }
        events.append(event)
        return Int32(events.count - 1)
    }

    /// Adds a node, with one reference to it; it refers to its record and to its parent.
    @inlinable mutating func addNode(event: Int32, stage: Int, parent: Int32) -> Int32 {
        events[Int(event)].references += 1
        if parent >= 0 { nodes[Int(parent)].references += 1 }
        let node = Node(event: event, stage: Int32(stage), parent: parent)
        if let place = freeNodes.popLast() {
            nodes[Int(place)] = node
            return place
        }
        nodes.append(node)
        return Int32(nodes.count - 1)
    }

    @inlinable mutating func retain(_ node: Int32) { nodes[Int(node)].references += 1 }

    /// Gives up one reference to a node, and with the last one the node, its reference to its record, and
    /// so on towards the beginning of the path.
    @inlinable mutating func release(_ node: Int32, _ released: inout ReleasedRecords) {
        var current = node
        while current >= 0 {
            nodes[Int(current)].references -= 1
            guard nodes[Int(current)].references == 0 else { return }
            let node = nodes[Int(current)]
            freeNodes.append(current)
            // The last record takes all nodes with it, so this comes last.
            releaseEvent(node.event, &released)
            current = node.parent
        }
    }

    /// Gives up one reference to a record.
    @inlinable mutating func releaseEvent(_ event: Int32, _ released: inout ReleasedRecords) {
        let place = Int(event)
        events[place].references -= 1
        guard events[place].references == 0 else { return }
        if events[place].isInResult { released.inResults += 1 } else { released.unmatched += 1 }
        events[place].record = nil
        freeEvents.append(event)
        guard freeEvents.count == events.count else { return }
        // Nothing is kept any more, so a key that was busy once gives its memory back.
        events = []
        freeEvents = []
        nodes = []
        freeNodes = []
    }

    /// The nodes of a path, from its beginning.
    @inlinable func path(to node: Int32) -> ContiguousArray<Int32> {
        var path: ContiguousArray<Int32> = []
        var current = node
        while current >= 0 {
            path.append(current)
            current = nodes[Int(current)].parent
        }
        path.reverse()
        return path
    }

    /// The records of a path.
    @inlinable func match(to node: Int32, stageNames: [String]) -> PatternMatch<Element> {
        var taken: [PatternMatch<Element>.Taken] = []
        for place in path(to: node) {
            let event = events[Int(nodes[Int(place)].event)]
            guard let record = event.record else { continue }
            taken.append(.init(record, at: event.time, stage: Int(nodes[Int(place)].stage)))
        }
        return PatternMatch(stageNames: stageNames, taken)
    }

    /// Notes that a result has the records of a path.
    @inlinable mutating func noteResult(_ node: Int32) {
        var current = node
        while current >= 0 {
            events[Int(nodes[Int(current)].event)].isInResult = true
            current = nodes[Int(current)].parent
        }
    }

    /// The sequence number of the record of a node.
    @inlinable func sequence(_ node: Int32) -> Int {
        events[Int(nodes[Int(node)].event)].sequence
    }
}

/// How many records a key has given up, by what became of them.
@usableFromInline
struct ReleasedRecords {
    /// A result had them.
    @usableFromInline var inResults = 0
    /// None had.
    @usableFromInline var unmatched = 0

    @inlinable init() {}
}
