public import WeirCore
import WeirRuntime

/// A sink that prints the results, one a line, to standard output or another descriptor.
///
/// All lines of a batch are written at once, and no line of one subtask is ever split by another's.
/// A result whose text holds line breaks takes several lines.
///
/// Lines go out as results come, in a job with checkpoints too, and none can be taken back: after a
/// failure lines may be there again (``DeliveryGuarantee/atLeastOnce``).
public struct PrintSink<Element: Sendable>: Sink {
    private let format: (@Sendable (Element) -> String)?
    private let descriptor: Int32

    /// Prints results as `print` would, or as `format` says.
    ///
    /// - Parameters:
    ///   - descriptor: Where to; standard output unless said otherwise. It stays open.
    ///   - format: The text of a result, without its line's end.
    public init(
        descriptor: Int32 = 1, format: (@Sendable (Element) -> String)? = nil
    ) {
        self.format = format
        self.descriptor = descriptor
    }

    public var summary: String { "print to \(OutputLock.name(of: descriptor))" }

    /// Checks that the program was not started without the standard output or error that it needs.
    ///
    /// - Throws: ``PrintError``.
    public func validate() throws {
        guard descriptor > 2 || FileDescriptor.isInherited(descriptor) else {
            throw PrintError.failed(
                output: OutputLock.name(of: descriptor), reason: "it is closed")
        }
    }

    public func writer(context: SubtaskContext) -> PrintWriter<Element> {
        PrintWriter(descriptor: descriptor, format: format)
    }
}

/// Prints the results of one subtask of a ``PrintSink``.
public struct PrintWriter<Element: Sendable>: SinkWriter {
    private let descriptor: Int32
    private let format: (@Sendable (Element) -> String)?
    private var text = ""

    init(descriptor: Int32, format: (@Sendable (Element) -> String)?) {
        self.descriptor = descriptor
        self.format = format
    }

    /// Writes the batch's lines in one call.
    ///
    /// - Throws: ``PrintError`` when they cannot be written.
    public mutating func write(_ batch: inout Batch<Element>) throws {
        text.removeAll(keepingCapacity: true)
        try batch.drainRows { element, _ in
            if let format {
                text += format(element)
            } else {
                print(element, terminator: "", to: &text)
            }
            text += "\n"
        }
        guard !text.isEmpty else { return }
        try text.withUTF8 { bytes in
            try OutputLock.write(UnsafeRawBufferPointer(bytes), to: descriptor)
        }
    }

    public mutating func finish() {}
}

/// A result could not be printed.
public enum PrintError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Whoever read the output has closed it.
    case readerGone(output: String)
    /// The system refused the write.
    case failed(output: String, reason: String)

    public var description: String {
        switch self {
        case .readerGone(let output):
            "cannot print to \(output): its reader has closed it, as `head` does when done"
        case .failed(let output, let reason):
            "cannot print to \(output): \(reason). Check where it is redirected to"
        }
    }
}
