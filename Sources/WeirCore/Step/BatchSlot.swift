/// A batch that outlives one call, so that its memory is filled again and again.
///
/// Confined to the worker of the step that captured it.
public final class BatchSlot<Element> {
    /// The batch; whoever swaps it out leaves another in its place.
    ///
    /// Handed to the next step in place, so that step must not come back to the owner of the slot before it
    /// returns; chains are trees, so none can. Not checked at run time: 20 ns for each of a batch's steps.
    @exclusivity(unchecked) public var batch: Batch<Element>

    /// Creates an empty batch of that capacity.
    @inlinable public init(capacity: Int = 0) { batch = Batch(capacity: capacity) }
}
