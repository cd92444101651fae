import Weir

/// The auctions with the most bids of a window that slides: bids counted by slide, five of which make
/// a window.
struct HandHotItems: HandLoop {
    private struct Counts {
        var bySlide = InlineArray<5, Int32>(repeating: 0)
        var all: Int32 = 0
    }

    private static let slide = 2_000
    private let counts = FlatTable<Counts>()
    /// The number of the slide that bids are counted in.
    private var current = Int.min

    @inline(__always) mutating func take(_ event: NexmarkEvent, _ output: inout HandOutput) {
        guard case .bid(let bid) = event else { return }
        let slide = bid.dateTime.inMilliseconds / Self.slide
        if slide > current { advance(to: slide, &output) }
        let place = slide % 5
        counts.update(bid.auction, initial: Counts()) { counts in
            counts.bySlide[place] &+= 1
            counts.all &+= 1
        }
    }

    private mutating func advance(to slide: Int, _ output: inout HandOutput) {
        if current == .min { current = slide }
        while current < slide && counts.count > 0 { fire(&output) }
        current = slide
    }

    /// Puts out the window that ends with the current slide, and forgets its first one.
    private mutating func fire(_ output: inout HandOutput) {
        var highest: Int32 = 0
        counts.forEach { _, counts in highest = max(highest, counts.all) }
        let oldest = (current + 1) % 5
        counts.filter { auction, counts in
            if counts.all == highest {
                output.add(HotItem(auction: auction, bids: Int(highest)))
            }
            counts.all &-= counts.bySlide[oldest]
            counts.bySlide[oldest] = 0
            return counts.all > 0
        }
        current += 1
    }

    mutating func finish(_ output: inout HandOutput) {
        while counts.count > 0 { fire(&output) }
    }
}

/// The bids with the highest price of a window, and those with that price at its very end.
struct HandHighestBid: HandLoop {
    private var bids: [Bid] = []
    private var highest = Int.min
    private var end = Int.min
    private var highestBefore = Int.min

    @inline(__always) mutating func take(_ event: NexmarkEvent, _ output: inout HandOutput) {
        guard case .bid(let bid) = event else { return }
        let time = bid.dateTime.inMilliseconds
        if time >= end { advance(to: time, &output) }
        if time == end - 10_000 && bid.price == highestBefore { output.add(row(bid)) }
        guard bid.price >= highest else { return }
        if bid.price > highest {
            bids.removeAll(keepingCapacity: true)
            highest = bid.price
        }
        bids.append(bid)
    }

    private mutating func advance(to time: Int, _ output: inout HandOutput) {
        fire(&output)
        let nextEnd = time / 10_000 * 10_000 + 10_000
        highestBefore = nextEnd - 10_000 == end ? highest : .min
        end = nextEnd
        highest = .min
        bids.removeAll(keepingCapacity: true)
    }

    private func fire(_ output: inout HandOutput) { for bid in bids { output.add(row(bid)) } }

    private func row(_ bid: Bid) -> HighestBid {
        HighestBid(bid: bid, windowEnd: .init(inMilliseconds: end))
    }

    mutating func finish(_ output: inout HandOutput) { fire(&output) }
}

/// The bids of each bidder in windows of ten seconds.
struct HandWindowedBids: HandLoop {
    private static let size = 10_000
    private let counts = FlatTable<Int>()
    private var end = Int.min

    @inline(__always) mutating func take(_ event: NexmarkEvent, _ output: inout HandOutput) {
        guard case .bid(let bid) = event else { return }
        let time = bid.dateTime.inMilliseconds
        if time >= end {
            fire(&output)
            end = time / Self.size * Self.size + Self.size
        }
        counts.update(bid.bidder, initial: 0) { $0 &+= 1 }
    }

    private func fire(_ output: inout HandOutput) {
        counts.drain { bidder, bids in
            let window = Window(
                start: .init(inMilliseconds: end - Self.size), end: .init(inMilliseconds: end))
            output.add(WindowedBids(bidder: bidder, bids: bids, window: window))
        }
    }

    mutating func finish(_ output: inout HandOutput) { fire(&output) }
}

/// The bids of a bidder without a pause of more than ten seconds.
struct HandSessions: HandLoop {
    private struct Session {
        var bids: Int, start: Int, last: Int
    }

    private static let gap = 10_000
    private let sessions = FlatTable<Session>()
    private var nextSweep = Int.min

    @inline(__always) mutating func take(_ event: NexmarkEvent, _ output: inout HandOutput) {
        guard case .bid(let bid) = event else { return }
        let time = bid.dateTime.inMilliseconds
        if time >= nextSweep { sweep(time, &output) }
        sessions.update(bid.bidder, initial: Session(bids: 0, start: time, last: time)) { session in
            if time - session.last > Self.gap {
                output.add(row(bid.bidder, session))
                session = Session(bids: 0, start: time, last: time)
            }
            session.bids &+= 1
            session.last = time
        }
    }

    /// Puts out the sessions that are over.
    private mutating func sweep(_ time: Int, _ output: inout HandOutput) {
        nextSweep = time + Self.gap
        sessions.filter { bidder, session in
            if time - session.last <= Self.gap { return true }
            output.add(row(bidder, session))
            return false
        }
    }

    private func row(_ bidder: Int, _ session: Session) -> BidderSession {
        BidderSession(
            bidder: bidder, bids: session.bids, start: .init(inMilliseconds: session.start),
            end: .init(inMilliseconds: session.last + Self.gap))
    }

    mutating func finish(_ output: inout HandOutput) {
        sessions.forEach { bidder, session in output.add(row(bidder, session)) }
    }
}
