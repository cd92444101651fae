import Weir

/// What all events draw on: names, addresses of pages, and the filler text.
///
/// Drawn once from fixed seeds, so that they are the same in every process. About 3 MB.
final class NexmarkTables: @unchecked Sendable {
    static let shared = NexmarkTables()

    /// Where a bid came from.
    struct Channel: Sendable {
        var name: UTF8String
        /// The page.
        var url: UTF8String
    }

    static let states: [UTF8String] = ["AZ", "CA", "ID", "OR", "WA", "WY"]
    static let cities: [UTF8String] = [
        "Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland", "Bend", "Redmond",
        "Seattle", "Kent", "Cheyenne",
    ]
    static let firstNames: [UTF8String] = [
        "Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter",
        "Walter",
    ]
    static let lastNames: [UTF8String] = [
        "Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris",
    ]

    // SAFETY: each block is filled once, before the only instance is shared, is never written again
    // and never freed, as the instance is static. Arrays would cost a retain and a release for each
    // event that reads them: a tenth of its making.

    /// The four channels that one bid in two comes from, and then the 10,000 others.
    let channels: UnsafePointer<Channel>
    /// What the `extra` of each event is cut from; ASCII.
    let filler: UnsafePointer<UInt8>

    static let hotChannelCount = 4
    static let channelCount = 10_000
    static let fillerCount = 1 << 20

    private init() {
        var random = SplitMix64(seed: 0x7572_6c73)
        let hot = ["Google", "Facebook", "Baidu", "Apple"].map {
            Channel(name: Self.immortal($0), url: Self.immortal(Self.baseURL(&random)))
        }
        let others = (0..<Self.channelCount).map {
            Channel(
                name: Self.immortal("channel-\($0)"),
                url: Self.immortal(Self.channelURL($0, &random)))
        }
        channels = Self.immortal(hot + others)
        filler = Self.immortal(Self.makeFiller())
    }

    private static func immortal<Element>(_ elements: [Element]) -> UnsafePointer<Element> {
        let block = UnsafeMutablePointer<Element>.allocate(capacity: elements.count)
        block.initialize(from: elements, count: elements.count)
        return UnsafePointer(block)
    }

    /// The same text in memory that is never freed: like a literal, it has no references to count.
    ///
    /// Half of the bids have the page of one of 10,000 channels: to touch its count, as the bid is made and
    /// as it is dropped, costs two misses of the cache.
    private static func immortal(_ text: String) -> UTF8String {
        let bytes = Self.immortal(Array(text.utf8))
        return UTF8String(
            unsafeStatic: UnsafeBufferPointer(start: bytes, count: text.utf8.count))
    }

    private static func baseURL(_ random: inout SplitMix64) -> String {
        var texts = UTF8StringBuilder(capacity: 12)
        let directories = (0..<3).map { _ in
            texts.written(atMost: 4) { $0.putText(5, special: UInt8(ascii: "_"), &random) }
        }
        return "https://www.nexmark.com/\(directories[0])/\(directories[1])/\(directories[2])"
            + "/item.htm?query=1"
    }

    private static func channelURL(_ channel: Int, _ random: inout SplitMix64) -> String {
        let base = baseURL(&random)
        guard random.below(10) > 0 else { return base }
        var reversed: Int32 = 0
        for bit in 0..<32 where channel >> bit & 1 == 1 { reversed |= 1 << Int32(31 - bit) }
        // As Java's `abs`: the least number, which has no counterpart, stays negative.
        let id = reversed < 0 ? 0 &- reversed : reversed
        return base + "&channel_id=\(id)"
    }

    private static func makeFiller() -> [UInt8] {
        var random = SplitMix64(seed: 0x6578_7472)
        var text: [UInt8] = []
        text.reserveCapacity(fillerCount)
        var rest: Int32 = 0
        for position in 0..<fillerCount {
            if position.isMultiple(of: 6) { rest = Int32(bitPattern: random.bits32()) }
            // The remainder of a negative draw is negative: that gives what lies before "a".
            text.append(UInt8(Int32(UInt8(ascii: "a")) + rest % 26))
            rest /= 26
        }
        return text
    }

    /// A piece of the filler, which is not copied.
    ///
    /// - Precondition: It lies within; checked in debug builds.
    @inline(__always)
    static func text(
        _ filler: UnsafePointer<UInt8>, from offset: Int, count: Int
    ) -> UTF8String {
        assert(offset >= 0 && offset + count <= fillerCount, "a piece outside of the filler")
        return UTF8String(
            unsafeStatic: UnsafeBufferPointer(start: filler + offset, count: count))
    }
}
