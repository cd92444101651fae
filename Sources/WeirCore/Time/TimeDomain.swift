/// One of the two clocks that a stream knows.
public enum TimeDomain: String, Hashable, Codable, Sendable, CaseIterable {
    /// When something happened, as its record says; moves with the watermark.
    case eventTime
    /// When it is processed, as the clock of the machine says.
    case processingTime
}
