import Weir

// The order of the draws is part of the specification.

extension NexmarkGenerator {
    func person(_ id: Int, _ random: inout SplitMix64) -> Person {
        let first = NexmarkTables.firstNames[random.below(11)]
        let last = NexmarkTables.lastNames[random.below(9)]
        var texts = UTF8StringBuilder(capacity: 16 + 15 + 19)
        let name = texts.written(atMost: 16) {
            $0.put(first)
            $0.put(UInt8(ascii: " "))
            $0.put(last)
        }
        let email = texts.written(atMost: 15) {
            $0.putText(7, special: UInt8(ascii: " "), &random)
            $0.put(UInt8(ascii: "@"))
            $0.putText(5, special: UInt8(ascii: " "), &random)
            $0.put(".com")
        }
        let card = texts.written(atMost: 19) { $0.putCreditCard(&random) }
        let city = NexmarkTables.cities[random.below(10)]
        let state = NexmarkTables.states[random.below(6)]
        let size =
            8 + name.utf8Count + email.utf8Count + card.utf8Count + city.utf8Count + state.utf8Count
        return Person(
            id: 1_000 + Self.lastPerson(id), name: name, emailAddress: email, creditCard: card,
            city: city, state: state, dateTime: Self.time(ofID: id),
            extra: extra(size, average: 200, &random))
    }

    func auction(_ id: Int, _ random: inout SplitMix64) -> Auction {
        let isHot = random.below(4) > 0
        let seller =
            isHot ? Self.lastPerson(id) / 100 * 100 : Self.anyPerson(id, &random)
        let category = 10 + random.below(5)
        let initialBid = PriceScale.draw(&random)
        let opened = Self.time(ofID: id)
        let horizon = (Self.time(ofID: id + 1_666) - opened).wholeMicroseconds / 1_000
        let open = Duration.milliseconds(1 + random.below(max(2 * Int(horizon), 1)))
        var texts = UTF8StringBuilder(capacity: 19 + 99)
        let itemName = texts.written(atMost: 19) {
            $0.putText(20, special: UInt8(ascii: " "), &random)
        }
        let description = texts.written(atMost: 99) {
            $0.putText(100, special: UInt8(ascii: " "), &random)
        }
        let reserve = initialBid + PriceScale.draw(&random)
        let size = 48 + itemName.utf8Count + description.utf8Count
        return Auction(
            id: 1_000 + Self.lastAuction(id), itemName: itemName, description: description,
            initialBid: initialBid, reserve: reserve, dateTime: opened, expires: opened + open,
            seller: 1_000 + seller, category: category,
            extra: extra(size, average: 500, &random))
    }

    func bid(_ id: Int, _ random: inout SplitMix64) -> Bid {
        let auction = biddenAuction(id, &random)
        let isHotBidder = random.below(4) > 0
        let bidder =
            isHotBidder ? Self.lastPerson(id) / 100 * 100 + 1 : Self.anyPerson(id, &random)
        let price = PriceScale.draw(&random)
        let isHotChannel = random.below(2) > 0
        let channel =
            isHotChannel
            ? random.below(NexmarkTables.hotChannelCount)
            : NexmarkTables.hotChannelCount + random.below(NexmarkTables.channelCount)
        return Bid(
            index: id - 2, auction: 1_000 + auction, bidder: 2_000 + bidder, price: price,
            channel: channels[channel].name, url: channels[channel].url,
            dateTime: Self.time(ofID: id),
            extra: extra(32, average: 100, &random))
    }

    private func biddenAuction(_ id: Int, _ random: inout SplitMix64) -> Int {
        let last = Self.lastAuction(id)
        if random.below(2) > 0 { return last / 100 * 100 }
        let first = max(last - 100, 0)
        return first + random.below(last - first + 11)
    }
}
