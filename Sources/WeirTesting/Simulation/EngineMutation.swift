package import WeirGraph
package import WeirRuntime
package import WeirState

/// A change that breaks the engine, so that a test can see the simulator notice.
package struct EngineMutation: Sendable {
    /// What it breaks.
    package let name: String
    /// Changes the job before it is planned.
    package var graph: @Sendable (LogicalGraph) -> LogicalGraph = { $0 }
    /// Changes how checkpoints are taken.
    package var checkpoints: @Sendable (inout CheckpointOptions) -> Void = { _ in }
    /// Changes the disk.
    package var disk: @Sendable (any CheckpointFileSystem) -> any CheckpointFileSystem = { $0 }

    /// A mutation that changes nothing yet.
    package init(_ name: String) { self.name = name }
}
