public import WeirGraph

/// A job to be simulated: the definition that its program has, with sources and sinks of the simulated
/// world in the places of the real ones.
public struct SimulatedJob: Sendable {
    /// Its name.
    public let name: String
    /// When barriers overtake the records before them, as in ``CheckpointOptions/unalignedAfter``: in
    /// each run after a span of up to so much, which may be nothing. `nil`, the default: never.
    public var unalignedAfter: Duration?
    /// Defines the job; called for each process that runs it, with the same world for all of one run.
    public let define: @Sendable (JobBuilder, SimulatedEnvironment) -> Void

    /// Describes a job.
    ///
    /// - Parameter define: Must be the same each time, and must depend on nothing but the world: no
    ///   clock, no random number, no file.
    public init(
        name: String, define: @escaping @Sendable (JobBuilder, SimulatedEnvironment) -> Void
    ) {
        self.name = name
        self.define = define
    }
}
