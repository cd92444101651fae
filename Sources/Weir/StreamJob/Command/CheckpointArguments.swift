internal import ArgumentParser
import WeirCore
import WeirRuntime
import WeirState

/// The options of `run` that say whether and how the job's state survives.
struct CheckpointArguments: ParsableArguments {
    enum Mode: String, ExpressibleByArgument, CaseIterable {
        case exactlyOnce = "exactly-once"
        case atLeastOnce = "at-least-once"
    }

    @Option(
        name: .customLong("checkpoints"),
        help: ArgumentHelp(
            "Keep checkpoints in this directory, which belongs to this job; made where missing.",
            valueName: "dir"))
    var directory: String?

    @Option(
        name: .customLong("checkpoint-interval"),
        help: ArgumentHelp(
            "From the start of a checkpoint to that of the next, such as 500ms, 10s or 5min.",
            valueName: "span"))
    var interval: SpanArgument?

    @Option(
        name: .customLong("checkpoint-mode"),
        help: ArgumentHelp(
            """
            exactly-once: inputs wait for each other at barriers. at-least-once: they do not, and \
            records may count twice after a failure.
            """))
    var mode: Mode?

    @Option(
        name: .customLong("unaligned-after"),
        help: ArgumentHelp(
            """
            When a checkpoint has taken longer than this, such as 1s, its barriers overtake the \
            records that wait before them, which become part of it: complete soon in spite of a slow \
            sink, but larger. Default: never.
            """, valueName: "span"))
    var unalignedAfter: SpanArgument?

    @Option(
        name: .customLong("retain"),
        help: ArgumentHelp("Checkpoints that are kept. Default: 3.", valueName: "n"))
    var retained: Int?

    @Option(
        name: .customLong("restore"),
        help: ArgumentHelp(
            """
            Where to go on from. latest: the newest checkpoint in the directory; auto: that, or the \
            beginning where there is none; else the path of a checkpoint or savepoint. Default: \
            the beginning.
            """, valueName: "auto|latest|path"))
    var restore: String?

    @Flag(
        name: .customLong("allow-dropped-state"),
        help: """
            Let a restore drop the state of operators that the job no longer has; see plan --against.
            """)
    var allowsDroppedState = false

    @Option(
        name: .customLong("restart"),
        help: ArgumentHelp(
            """
            What follows a failure: never; fixed:5s:3, three times after five seconds; backoff or \
            backoff:1s:60s, after spans that double from the first to the second; rate:3:5min:10s, \
            after ten seconds unless there were more than three within five minutes. Default: \
            backoff.
            """, valueName: "strategy"))
    var restart: RestartArgument?

    func validate() throws {
        if let retained, retained < 1 {
            throw ArgumentParser.ValidationError("--retain is \(retained); it must be at least 1.")
        }
        if let interval, interval.duration < .milliseconds(1) {
            throw ArgumentParser.ValidationError(
                "--checkpoint-interval is \(interval.duration.spelledOut); it must be at least 1 ms."
            )
        }
        if directory?.isEmpty == true {
            throw ArgumentParser.ValidationError("--checkpoints is empty; name a directory.")
        }
        guard directory == nil, let lonely = given.first else { return }
        throw ArgumentParser.ValidationError(
            "\(lonely) needs --checkpoints: name the directory that keeps this job's checkpoints.")
    }

    /// The options that say nothing without a directory.
    private var given: [String] {
        [
            (interval != nil, "--checkpoint-interval"), (mode != nil, "--checkpoint-mode"),
            (unalignedAfter != nil, "--unaligned-after"),
            (retained != nil, "--retain"), (restore != nil, "--restore"),
            (allowsDroppedState, "--allow-dropped-state"), (restart != nil, "--restart"),
        ].filter(\.0).map(\.1)
    }

    /// Sets what the arguments ask for.
    func apply(to options: inout ExecutionOptions) {
        guard let directory else { return }
        var checkpoints = CheckpointOptions(
            CheckpointDirectory(directory, retaining: retained ?? 3))
        if let interval { checkpoints.interval = interval.duration }
        if let mode { checkpoints.mode = mode == .exactlyOnce ? .exactlyOnce : .atLeastOnce }
        checkpoints.unalignedAfter = unalignedAfter?.duration
        checkpoints.restoring = restore.map { text in
            switch text {
            case "auto": .latestIfAny
            case "latest": .latest
            default: .path(text)
            }
        }
        checkpoints.allowsDroppedState = allowsDroppedState
        options.checkpoints = checkpoints
        options.restartStrategy = (restart ?? .backoff).strategy
    }
}
