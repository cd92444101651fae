import WeirCore

/// What a lookup remembers, in each subtask, so as not to ask again.
public struct LookupCache: Hashable, Sendable {
    /// The most keys that are remembered; of more, those go that were not asked for longest. 0: none.
    public var capacity: Int
    /// How long a row counts after it was found, in processing time; `nil`: without limit.
    public var timeToLive: Duration?
    /// How long it is remembered that a key has no row; `nil`: not at all.
    public var absentTimeToLive: Duration?

    /// Nothing is remembered: each record asks, but for those that come while their key is being
    /// asked for.
    public static var none: LookupCache {
        LookupCache(capacity: 0, timeToLive: nil, absentTimeToLive: nil)
    }

    /// The keys asked for last are remembered.
    ///
    /// - Parameters:
    ///   - capacity: The most keys, in each subtask.
    ///   - timeToLive: How long a row counts; what has changed in the table since is not seen. `nil`:
    ///     for as long as the job runs.
    ///   - absentTimeToLive: How long it is remembered that a key has no row; `nil`: not at all.
    public static func leastRecentlyUsed(
        capacity: Int, timeToLive: Duration?, absentTimeToLive: Duration? = nil
    ) -> LookupCache {
        LookupCache(
            capacity: max(0, capacity), timeToLive: timeToLive, absentTimeToLive: absentTimeToLive)
    }
}

/// The rows that a lookup remembers: a table from key to row, or to none, bounded, with a time until
/// which each counts. A plain value.
struct CachedRows<Key: Hashable, Row> {
    private struct Node {
        let key: Key
        var row: Row?
        var expiry: Timestamp
        var older: Int
        var newer: Int
    }

    private let settings: LookupCache
    /// A list in order of use, linked by index; -1 is none.
    private var nodes: [Node] = []
    private var places: [Key: Int] = [:]
    private var ends = (oldest: -1, newest: -1)

    init(_ settings: LookupCache) { self.settings = settings }

    var count: Int { places.count }

    /// What is remembered of a key at `now`; `nil` where nothing is, `.some(nil)` where the key has no
    /// row.
    mutating func row(of key: Key, at now: Timestamp) -> Row?? {
        guard let place = places[key] else { return nil }
        guard now < nodes[place].expiry else {
            remove(place)
            return nil
        }
        unlink(place)
        link(place)
        return .some(nodes[place].row)
    }

    /// Remembers what was found of a key at `now`.
    mutating func note(_ row: Row?, of key: Key, at now: Timestamp) {
        guard settings.capacity > 0 else { return }
        let expiry: Timestamp
        if row == nil {
            guard let span = settings.absentTimeToLive else { return }
            expiry = now + span
        } else {
            expiry = settings.timeToLive.map { now + $0 } ?? .latest
        }
        if let place = places[key] {
            nodes[place].row = row
            nodes[place].expiry = expiry
            unlink(place)
            return link(place)
        }
        if places.count == settings.capacity { remove(ends.oldest) }
        places[key] = nodes.count
        nodes.append(Node(key: key, row: row, expiry: expiry, older: -1, newer: -1))
        link(nodes.count - 1)
    }

    // MARK: - The list in order of use

    private mutating func link(_ place: Int) {
        nodes[place].older = ends.newest
        nodes[place].newer = -1
        if ends.newest >= 0 { nodes[ends.newest].newer = place } else { ends.oldest = place }
        ends.newest = place
    }

    private mutating func unlink(_ place: Int) {
        let (older, newer) = (nodes[place].older, nodes[place].newer)
        if older >= 0 { nodes[older].newer = newer } else { ends.oldest = newer }
        if newer >= 0 { nodes[newer].older = older } else { ends.newest = older }
    }

    /// Forgets a key; the last node takes its place.
    private mutating func remove(_ place: Int) {
        unlink(place)
        places[nodes[place].key] = nil
        let last = nodes.count - 1
        if place != last {
            let moved = nodes[last]
            nodes[place] = moved
            places[moved.key] = place
            if moved.older >= 0 { nodes[moved.older].newer = place } else { ends.oldest = place }
            if moved.newer >= 0 { nodes[moved.newer].older = place } else { ends.newest = place }
        }
        nodes.removeLast()
    }
}
