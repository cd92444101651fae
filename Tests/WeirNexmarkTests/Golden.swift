import Foundation
import Weir

@testable import WeirNexmark

/// The data that Flink and a plain program agree on.
enum Golden {
    /// A file of it.
    static func url(_ name: String) -> URL {
        URL(filePath: #filePath)
            .deletingLastPathComponent()  // WeirNexmarkTests
            .deletingLastPathComponent()  // Tests
            .deletingLastPathComponent()
            .appending(path: "benchmarks/nexmark/golden/\(name)")
    }

    /// What each query comes to over the first 100,000 events.
    static func totals() throws -> [String: NexmarkTotal] {
        let file = try JSONDecoder().decode(
            TotalsFile.self, from: try Data(contentsOf: url("golden-100000.json")))
        return file.queries.mapValues {
            NexmarkTotal(rows: $0.count, checksum: UInt64($0.checksum, radix: 16) ?? 0)
        }
    }

    private struct TotalsFile: Decodable {
        struct Query: Decodable {
            var count: Int
            var checksum: String
        }
        var queries: [String: Query]
    }
}

/// An event as the golden file has it.
struct GoldenEvent: Decodable {
    var index: Int
    var event: NexmarkEvent

    private enum Fields: String, CodingKey {
        case index, type, id, name, emailAddress, creditCard, city, state, dateTime, extra
        case itemName, description, initialBid, reserve, expires, seller, category
        case auction, bidder, price, channel, url
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Fields.self)
        func text(_ field: Fields) throws -> UTF8String {
            try fields.decode(UTF8String.self, forKey: field)
        }
        func number(_ field: Fields) throws -> Int { try fields.decode(Int.self, forKey: field) }
        func time(_ field: Fields) throws -> Timestamp {
            Timestamp(milliseconds: Int64(try number(field)))
        }
        index = try number(.index)
        switch try text(.type) {
        case "person":
            event = .person(
                Person(
                    id: try number(.id), name: try text(.name),
                    emailAddress: try text(.emailAddress), creditCard: try text(.creditCard),
                    city: try text(.city), state: try text(.state), dateTime: try time(.dateTime),
                    extra: try text(.extra)))
        case "auction":
            event = .auction(
                Auction(
                    id: try number(.id), itemName: try text(.itemName),
                    description: try text(.description), initialBid: try number(.initialBid),
                    reserve: try number(.reserve), dateTime: try time(.dateTime),
                    expires: try time(.expires), seller: try number(.seller),
                    category: try number(.category), extra: try text(.extra)))
        case "bid":
            event = .bid(
                Bid(
                    index: index, auction: try number(.auction), bidder: try number(.bidder),
                    price: try number(.price), channel: try text(.channel), url: try text(.url),
                    dateTime: try time(.dateTime), extra: try text(.extra)))
        case let other:
            throw DecodingError.dataCorruptedError(
                forKey: .type, in: fields, debugDescription: "no such kind of event: \(other)")
        }
    }
}
