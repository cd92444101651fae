public import Weir

extension Bid: Record {
    public static let schema = Schema({
        Bid(
            index: 0, auction: 0, bidder: 0, price: 0, channel: "", url: "", dateTime: .epoch,
            extra: "")
    }) {
        Field("index", \.index, doc: "the number of the event")
        Field("auction", \.auction)
        Field("bidder", \.bidder)
        Field("price", \.price, doc: "in cents")
        Field("channel", \.channel)
        Field("url", \.url)
        Field("dateTime", \.dateTime)
        Field("extra", \.extra)
    }
}

extension Auction: Record {
    public static let schema = Schema({
        Auction(
            id: 0, itemName: "", description: "", initialBid: 0, reserve: 0, dateTime: .epoch,
            expires: .epoch, seller: 0, category: 0, extra: "")
    }) {
        Field("id", \.id)
        Field("itemName", \.itemName)
        Field("description", \.description)
        Field("initialBid", \.initialBid, doc: "in cents")
        Field("reserve", \.reserve, doc: "in cents")
        Field("dateTime", \.dateTime)
        Field("expires", \.expires)
        Field("seller", \.seller)
        Field("category", \.category)
        Field("extra", \.extra)
    }
}

extension Person: Record {
    public static let schema = Schema({
        Person(
            id: 0, name: "", emailAddress: "", creditCard: "", city: "", state: "",
            dateTime: .epoch, extra: "")
    }) {
        Field("id", \.id)
        Field("name", \.name)
        Field("emailAddress", \.emailAddress)
        Field("creditCard", \.creditCard)
        Field("city", \.city)
        Field("state", \.state)
        Field("dateTime", \.dateTime)
        Field("extra", \.extra)
    }
}
