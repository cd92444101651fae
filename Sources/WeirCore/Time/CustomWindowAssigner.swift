/// Which windows a record belongs to, decided by a type of the user's own.
///
/// ```swift
/// struct UntilMidnight: CustomWindowAssigner {
///     func windows(for visit: Visit, key: String, at time: Timestamp) -> [Window] {
///         [Window(start: time, end: time.floor(to: .days(1)) + .days(1))]
///     }
/// }
/// ```
public protocol CustomWindowAssigner<Element, Key>: Sendable {
    /// The records.
    associatedtype Element
    /// Their keys.
    associatedtype Key

    /// The windows of a record. Each must end after it starts; a record with none is filtered.
    ///
    /// Must give the same windows for the same arguments, whenever it is asked.
    func windows(for record: Element, key: Key, at time: Timestamp) throws -> [Window]

    /// Whether windows of one key that overlap or touch are merged into one, as sessions are;
    /// `false` unless said otherwise.
    var isMerging: Bool { get }

    /// For the plan; the type's name unless said otherwise.
    var summary: String { get }
}

extension CustomWindowAssigner {
    public var isMerging: Bool { false }
    public var summary: String { String(describing: Self.self) }
}

/// A window that cannot be, assigned by a function of the job.
public enum WindowAssignmentError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A window ends before or where it starts.
    case emptyWindow(Window)
    /// The gap of a session is not positive.
    case gapNotPositive(Duration)

    public var description: String {
        switch self {
        case .emptyWindow(let window):
            "a window was assigned that ends at \(window.end), and starts at \(window.start); "
                + "make it end after its start"
        case .gapNotPositive(let gap):
            "a session's gap is \(gap.spelledOut); make it at least a microsecond"
        }
    }
}
