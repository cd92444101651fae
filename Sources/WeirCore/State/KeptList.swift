/// A list of elements that belong to keys, in an order that matters.
///
/// Taken at the barrier as it is, and written later, 4,096 elements a block: a varint count, then
/// so many elements. Restored, those of one old subtask keep their order; those of several come by
/// subtask.
public final class KeptList<Element: Sendable>: StatePart {
    private let get: () throws -> [Element]
    private let hash: (Element) -> UInt64
    private let set: ([Element]) throws -> Void
    private var codec = LazyStateCodec<Element>()

    /// Makes a part of functions.
    ///
    /// - Parameters:
    ///   - get: The list as it is; called on the worker at a barrier.
    ///   - hash: The stable hash of the key that an element belongs to.
    ///   - set: Takes the elements that the subtask owns.
    public init(
        get: @escaping () throws -> [Element], hash: @escaping (Element) -> UInt64,
        set: @escaping ([Element]) throws -> Void
    ) {
        self.get = get
        self.hash = hash
        self.set = set
    }

    public func layout() throws -> StateLayout {
        StateLayout(
            arrangement: "list", distribution: .keyed, value: try codec.get().shape)
    }

    public func snapshot(_ epoch: Epoch, since base: Epoch?) throws -> any StateSnapshot {
        ListSnapshot(try get(), try codec.get())
    }

    public func restore(_ saved: [SavedState], owning ownership: KeyOwnership) throws {
        let codec = try codec.get()
        var elements: [Element] = []
        for state in saved.sorted(by: { $0.subtask < $1.subtask }) {
            let read = try codec.reader(of: state.layout.value)
            for block in 0..<state.blockCount {
                try StateReader.reading(try state.block(block)) { reader in
                    for _ in 0..<(try reader.readCount(atLeast: 0)) {
                        let element = try read(&reader)
                        if ownership.owns(hash: hash(element)) { elements.append(element) }
                    }
                }
            }
        }
        try set(elements)
    }
}

/// A list as it was at a barrier.
private final class ListSnapshot<Element: Sendable>: StateSnapshot {
    private let elements: Locked<[Element]>
    private let codec: StateCodec<Element>
    private let count: Int
    private static var elementsOfBlock: Int { 4_096 }

    init(_ elements: [Element], _ codec: StateCodec<Element>) {
        self.elements = Locked(elements)
        self.codec = codec
        count = elements.count
    }

    var directory: [UInt8] { [] }
    var blocks: [StateBlock] {
        let count = (count + Self.elementsOfBlock - 1) / Self.elementsOfBlock
        return (0..<count).map { StateBlock(id: UInt64($0), isChanged: true) }
    }
    func write(_ index: Int, to output: inout StateWriter) throws {
        let elements = elements.withLock { $0 }
        let first = index * Self.elementsOfBlock
        let block = elements[first..<min(first + Self.elementsOfBlock, elements.count)]
        output.write(varint: UInt64(block.count))
        for element in block { try codec.write(element, &output) }
    }
    func release() { elements.withLock { $0 = [] } }
}
