import WeirCore
import WeirGraph

@testable import Weir

/// What versions of one job keep for each key: as they differ in what is asked of an upgrade.
protocol AccountState: Sendable {
    static var empty: Self { get }
    var total: Int { get }
    mutating func add(_ amount: Int)
}

struct AccountV1: AccountState, StateComposite, Equatable {
    static let empty = AccountV1(cents: 0, count: 0)
    var cents: Int32
    var count: Int
    var total: Int { Int(cents) }
    mutating func add(_ amount: Int) {
        cents += Int32(amount)
        count += 1
    }
    static func stateCodec() throws -> StateCodec<Self> {
        try .record(
            "Account", StateField("cents") { $0.cents }, StateField("count") { $0.count }
        ) { Self(cents: $0, count: $1) }
    }
}

/// `cents` widened.
struct AccountWidened: AccountState, StateComposite {
    static let empty = AccountWidened(cents: 0, count: 0)
    var cents: Int64
    var count: Int
    var total: Int { Int(cents) }
    mutating func add(_ amount: Int) { cents += Int64(amount) }
    static func stateCodec() throws -> StateCodec<Self> {
        try .record(
            "Account", StateField("cents") { $0.cents }, StateField("count") { $0.count }
        ) { Self(cents: $0, count: $1) }
    }
}

/// `bonus` added, with a default.
struct AccountAdded: AccountState, StateComposite {
    static let empty = AccountAdded(cents: 0, count: 0, bonus: 7)
    var cents: Int32
    var count: Int
    var bonus: Int
    var total: Int { Int(cents) + bonus - 7 }
    mutating func add(_ amount: Int) { cents += Int32(amount) }
    static func stateCodec() throws -> StateCodec<Self> {
        try .record(
            "Account", StateField("cents") { $0.cents }, StateField("count") { $0.count },
            StateField("bonus", default: { 7 }) { $0.bonus }
        ) { Self(cents: $0, count: $1, bonus: $2) }
    }
}

/// `count` removed.
struct AccountRemoved: AccountState, StateComposite {
    static let empty = AccountRemoved(cents: 0, version: 2)
    var cents: Int32
    var version: Int
    var total: Int { Int(cents) }
    mutating func add(_ amount: Int) { cents += Int32(amount) }
    static func stateCodec() throws -> StateCodec<Self> {
        try .record(
            "Account", StateField("version", default: { 2 }) { $0.version },
            StateField("cents") { $0.cents }
        ) { Self(cents: $1, version: $0) }
    }
}

/// `cents` became text.
struct AccountRetyped: AccountState, StateComposite {
    static let empty = AccountRetyped(cents: "0", count: 0)
    var cents: String
    var count: Int
    var total: Int { Int(cents) ?? 0 }
    mutating func add(_ amount: Int) { cents = "\(total + amount)" }
    static func stateCodec() throws -> StateCodec<Self> {
        try .record(
            "Account", StateField("cents") { $0.cents }, StateField("count") { $0.count }
        ) { Self(cents: $0, count: $1) }
    }
}
