internal import ArgumentParser
public import WeirGraph
public import WeirRuntime

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A job that is a program: marked `@main`, it has the commands `run`, `plan`, `describe`
/// and `state`.
///
/// ```swift
/// @main struct FlightDelays: StreamJob {
///     func define(_ job: JobBuilder) {
///         job.source(…, as: "flights").….sink(to: …, as: "delays")
///     }
/// }
/// ```
///
/// A job with options of its own conforms to `ParsableArguments` of swift-argument-parser too;
/// `run`, `plan` and `describe` then take them:
///
/// ```swift
/// @main struct FlightDelays: StreamJob, ParsableArguments {
///     @Option(help: "Hours that a flight may come late.") var lateBoundHours = 24
///     func define(_ job: JobBuilder) { … .hours(Int64(lateBoundHours)) … }
/// }
/// ```
///
/// Exit status: 0 when the job has finished, or was stopped and has drained; 1 when it failed or
/// cannot be planned; 64 for arguments that make no sense; 130 or 143 when a second SIGINT or
/// SIGTERM stopped it at once.
public protocol StreamJob: SendableMetatype {
    /// Makes the job, as it is without options.
    init()

    /// The job's name. Default: the type's, as in `flight-delays`.
    static var jobName: String { get }

    /// A sentence for `--help` that says what the job does. Default: none.
    static var overview: String { get }

    /// Says what the job consists of; called once for each command, and must not start anything.
    ///
    /// - Throws: What makes the job impossible to define; it is shown, and the program fails.
    func define(_ job: JobBuilder) throws

    /// Sets how the job runs where that is no matter of the command line, such as where its state is
    /// kept. Called by `run`; what the command line says comes after it. Default: nothing.
    ///
    /// ```swift
    /// func configure(_ options: inout ExecutionOptions) throws {
    ///     let pages = RocksDBPages(URL(filePath: "state-pages"))
    ///     options.stateBackend = .spilling(to: pages, memory: 512_000_000)
    /// }
    /// ```
    ///
    /// - Throws: What makes the job impossible to run; it is shown, and the program fails.
    func configure(_ options: inout ExecutionOptions) throws

    /// Called after a run that has finished or was stopped, before the program ends: the place for
    /// a report on standard output. Not called under `--json`. Default: nothing.
    ///
    /// - Throws: What makes the program fail although the job has not.
    func report(_ summary: JobSummary) async throws
}

extension StreamJob {
    public static var jobName: String { kebabCase("\(Self.self)") }
    public static var overview: String { "" }
    public func configure(_ options: inout ExecutionOptions) throws {}
    public func report(_ summary: JobSummary) async throws {}

    /// Runs the command that the program's arguments ask for, and exits.
    public static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        StandardDescriptors.holdClosed()
        let console = Console.standard
        let status =
            if let type = Self.self as? any (StreamJob & ParsableArguments).Type {
                await runWithOptions(type, arguments, on: console)
            } else {
                await JobProgram<PlainArguments<Self>>.run(arguments, on: console)
            }
        exit(console.finalStatus(status))
    }

    private static func runWithOptions<Job: StreamJob & ParsableArguments>(
        _ type: Job.Type, _ arguments: [String], on console: Console
    ) async -> Int32 {
        await JobProgram<OwnArguments<Job>>.run(arguments, on: console)
    }
}

/// A type's name as a job's: `HTTPLogCounts` becomes `http-log-counts`.
func kebabCase(_ name: String) -> String {
    let letters = Array(name)
    var words = ""
    for (index, letter) in letters.enumerated() {
        let previous = index > 0 ? letters[index - 1] : nil
        let next = index + 1 < letters.count ? letters[index + 1] : nil
        if letter.isUppercase, let previous, previous.isLetter || previous.isNumber {
            if !previous.isUppercase || next?.isLowercase == true { words += "-" }
        }
        words += letter == "_" || letter == " " ? "-" : letter.lowercased()
    }
    return words
}
