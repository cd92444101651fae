/// An aggregate could not give its result.
public enum AggregateError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The exact total lies outside the value's type.
    case overflow(aggregate: String, total: String, type: String)

    public var description: String {
        switch self {
        case .overflow(let aggregate, let total, let type):
            "\(aggregate): the total \(total) does not fit \(type). "
                + "Sum a wider type, as in `Sum { Int64($0.value) }` or `Sum { Double($0.value) }`."
        }
    }
}
