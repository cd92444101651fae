public import Weir

/// Somebody who sells or bids.
public struct Person: Hashable, Sendable {
    /// From 1000 upwards.
    public var id: Int
    /// First and last name.
    public var name: String
    /// Letters, `@`, letters and `.com`; at most 15 bytes.
    public var emailAddress: String
    /// Four groups of four digits.
    public var creditCard: String
    /// One of ten.
    public var city: String
    /// Two letters, of six states; has nothing to do with the city.
    public var state: String
    /// When the person joined: event time, whole milliseconds.
    public var dateTime: Timestamp
    /// Filler that brings the record to about 200 bytes.
    public var extra: String
}
