public import Weir

/// Makes the events of the Nexmark benchmark, each from its index alone.
///
/// The algorithm, its constants and the order of draws are those of the generator of
/// `nexmark/nexmark`; what differs is that each event has its own random numbers, seeded with its
/// id, so that all runs, at any parallelism, see the same events. The first is at
/// 2015-07-15T00:00:00Z, and ten come in each millisecond.
///
/// Source: Tucker, Tufte, Papadimos, Maier, "NEXMark: A Benchmark for Queries over Data Streams",
/// 2002; the proportions and fields are those of Apache Beam's and Flink's versions.
public struct NexmarkGenerator: RecordGenerator, @unchecked Sendable {
    // SAFETY: see ``NexmarkTables``, which never writes or frees these blocks again.
    let channels: UnsafePointer<NexmarkTables.Channel>
    let filler: UnsafePointer<UInt8>

    /// Makes the generator; the first one in a process computes tables, which takes milliseconds.
    public init() {
        channels = NexmarkTables.shared.channels
        filler = NexmarkTables.shared.filler
    }

    /// The event at `index`, from 0.
    public func record(at index: Int) -> NexmarkEvent {
        let id = index &+ 2
        var random = SplitMix64(seed: Int64(id))
        switch id % 50 {
        case 0: return .person(person(id, &random))
        case 1...3: return .auction(auction(id, &random))
        default: return .bid(bid(id, &random))
        }
    }

    /// The event time of an id.
    static func time(ofID id: Int) -> Timestamp {
        Timestamp(milliseconds: 1_436_918_400_000 + Int64(id - 1) / 10)
    }

    /// The id, from 0, of the last person made before or at an event.
    static func lastPerson(_ id: Int) -> Int { id / 50 }

    /// The id, from 0, of the last auction made before or at an event.
    static func lastAuction(_ id: Int) -> Int {
        let (epoch, offset) = id.quotientAndRemainder(dividingBy: 50)
        if offset == 0 { return epoch * 3 - 1 }
        return epoch * 3 + min(offset, 3) - 1
    }

    /// One of the last thousand persons, or of the ten next ones.
    static func anyPerson(_ id: Int, _ random: inout SplitMix64) -> Int {
        let people = lastPerson(id) + 1
        let active = min(people, 1_000)
        return people - active + random.below(active + 10)
    }

    /// Filler that brings a record of `size` bytes to about `average`, give or take a fifth.
    func extra(_ size: Int, average: Int, _ random: inout SplitMix64) -> UTF8String {
        if size > average { return "" }
        let missing = average - size
        let spread = (2 * missing + 5) / 10
        let count = missing - spread + (spread == 0 ? 0 : random.below(2 * spread))
        let offset = random.below(NexmarkTables.fillerCount - count)
        return NexmarkTables.text(filler, from: offset, count: count)
    }
}
