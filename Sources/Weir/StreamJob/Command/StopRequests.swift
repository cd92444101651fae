/// What each signal that asks a run to stop means, by how many came before it.
struct StopRequests {
    /// What is to be done about a signal.
    enum Action: Equatable {
        /// End the sources, and drain what has been read.
        case drain
        /// Stop at once, and end the program with that status.
        case abort(status: Int32)
        /// Aborting takes too long for whoever asks: end the program without it.
        case leave(status: Int32)
    }

    private var count = 0
    /// The status that the program is to end with; `nil` as long as it drains.
    private(set) var abortStatus: Int32?

    /// Notes a signal, by its number.
    mutating func receive(signal: Int32) -> Action {
        count += 1
        if count == 1 { return .drain }
        // The shell's convention: 130 for SIGINT, 143 for SIGTERM.
        let status = abortStatus ?? 128 + signal
        defer { abortStatus = status }
        return count == 2 ? .abort(status: status) : .leave(status: status)
    }
}
