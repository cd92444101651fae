public import Weir

/// Somebody who sells or bids.
public struct Person: Hashable, Sendable {
    /// From 1000 upwards.
    public var id: Int
    /// First and last name.
    public var name: UTF8String
    /// Letters, `@`, letters and `.com`; at most 15 bytes.
    public var emailAddress: UTF8String
    /// Four groups of four digits.
    public var creditCard: UTF8String
    /// One of ten.
    public var city: UTF8String
    /// Two letters, of six states; has nothing to do with the city.
    public var state: UTF8String
    /// When the person joined: event time, whole milliseconds.
    public var dateTime: Timestamp
    /// Filler that brings the record to about 200 bytes.
    public var extra: UTF8String
}
