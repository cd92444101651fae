public import WeirCore

/// The part of an operator's state that waits for times: timers, or records.
///
/// A snapshot takes the pages of ``TimedSlots`` at the barrier, and writes them later, 16 pages a block: at
/// most 4,096 places, but for what was due and not yet taken, which is one page. Blocks have a varint count, then so many elements, each as a record of its time, the
/// number of its registration and itself.
///
/// Elements belong to keys. Restored, those of one time come in the order of their registration;
/// those of several old subtasks, which have no order among them, by subtask.
final class TimedState<Owner: AnyObject, Element: Sendable>: StatePart {
    private weak var owner: Owner?
    private let slots: (Owner) -> TimedSlots<Element>
    private let measure: (Owner) -> Int
    private let fill: (Owner, [(Element, Timestamp)]) -> Void
    private let hash: (Element) -> UInt64
    private var codec = LazyStateCodec<Element>()

    /// - Parameters:
    ///   - owner: Not kept alive.
    ///   - slots: What is waiting.
    ///   - heldBytes: The memory that it takes.
    ///   - hash: The hash of the key that an element belongs to.
    ///   - fill: Takes the elements that the subtask owns, in order.
    init(
        of owner: Owner, slots: @escaping (Owner) -> TimedSlots<Element>,
        heldBytes: @escaping (Owner) -> Int, hash: @escaping (Element) -> UInt64,
        fill: @escaping (Owner, [(Element, Timestamp)]) -> Void
    ) {
        self.owner = owner
        self.slots = slots
        measure = heldBytes
        self.hash = hash
        self.fill = fill
    }

    var heldBytes: Int { owner.map(measure) ?? 0 }

    func layout() throws -> StateLayout {
        let element = try codec.get()
        return StateLayout(
            arrangement: "timers", distribution: .keyed,
            value: .record(
                "Timer",
                [
                    .init("time", .timestamp), .init("number", .unsigned(bits: 64)),
                    .init("element", element.shape),
                ]))
    }

    func snapshot(_ epoch: Epoch, since base: Epoch?) throws -> any StateSnapshot {
        TimedSnapshot(
            owner.map { slots($0).pages } ?? [], try codec.get())
    }

    func restore(_ saved: [SavedState], owning ownership: KeyOwnership) throws {
        guard let owner else { return }
        var found: [(element: Element, time: Timestamp, subtask: Int, number: UInt64)] = []
        for state in saved {
            let read = try reader(of: state)
            for block in 0..<state.blockCount {
                try StateReader.reading(try state.block(block)) { reader in
                    for _ in 0..<(try reader.readCount(atLeast: 2)) {
                        let time = Timestamp(microseconds: try reader.readSigned())
                        let number = try reader.readVarint()
                        let element = try read(&reader)
                        guard ownership.owns(hash: hash(element)) else { continue }
                        found.append((element, time, state.subtask, number))
                    }
                }
            }
        }
        found.sort { ($0.time, $0.subtask, $0.number) < ($1.time, $1.subtask, $1.number) }
        fill(owner, found.map { ($0.element, $0.time) })
    }

    private func reader(
        of saved: SavedState
    ) throws -> @Sendable (inout StateReader) throws -> Element {
        guard saved.layout.arrangement == "timers",
            case .record(_, let fields) = saved.layout.value,
            fields.map(\.name) == ["time", "number", "element"]
        else {
            throw StateFormatError("timers were expected, and '\(saved.layout.arrangement)' found")
        }
        return try codec.get().reader(of: fields[2].shape)
    }
}

/// The timers as they were at a barrier.
private final class TimedSnapshot<Element: Sendable>: StateSnapshot {
    private let pages: Locked<TimedSlots<Element>.Pages>
    private let pageCount: Int
    private let codec: StateCodec<Element>
    private static var pagesOfBlock: Int { 16 }

    init(_ pages: TimedSlots<Element>.Pages, _ codec: StateCodec<Element>) {
        self.pages = Locked(pages)
        pageCount = pages.count
        self.codec = codec
    }

    var directory: [UInt8] { [] }
    var blocks: [StateBlock] {
        let count = (pageCount + Self.pagesOfBlock - 1) / Self.pagesOfBlock
        return (0..<count).map { StateBlock(id: UInt64($0), isChanged: true) }
    }

    func write(_ index: Int, to output: inout StateWriter) throws {
        let pages = pages.withLock { $0 }
        let first = index * Self.pagesOfBlock
        let block = pages[first..<min(first + Self.pagesOfBlock, pages.count)]
        let count = block.reduce(0) { $0 + $1.count { $0.number > 0 } }
        output.write(varint: UInt64(count))
        for slot in block.joined() {
            guard let element = slot.element else { continue }
            output.write(signed: slot.time.microseconds)
            output.write(varint: slot.number)
            try codec.write(element, &output)
        }
    }

    func release() { pages.withLock { $0 = [] } }
}

extension SubtaskContext {
    /// Has checkpoints save and restore timers.
    ///
    /// - Parameters:
    ///   - name: The part's name within the operator, the same in every version of the job.
    ///   - owner: Has the timers; it is not kept alive.
    ///   - hash: The stable hash of the key that a payload belongs to.
    ///   - clock: Is asked for a tick when the first of them is due, for timers of processing time.
    public func keep<Owner: AnyObject, Payload>(
        _ name: String, of owner: Owner,
        _ timers: ReferenceWritableKeyPath<Owner, TimerQueue<Payload>>,
        hash: @escaping (Payload) -> UInt64, ticking clock: (any ProcessingClock)? = nil
    ) {
        let part = TimedState<Owner, Payload>(
            of: owner, slots: { $0[keyPath: timers].slots },
            heldBytes: { $0[keyPath: timers].heldBytes }, hash: hash
        ) { owner, found in
            var queue = TimerQueue<Payload>()
            for (payload, time) in found { queue.register(payload, at: time) }
            queue.places = nil
            if let earliest = queue.earliest { clock?.requestTick(at: earliest) }
            owner[keyPath: timers] = queue
        }
        kept.keep(name, part)
    }

    /// Has checkpoints save and restore elements that wait for a time.
    ///
    /// - Parameters:
    ///   - name: The part's name within the operator, the same in every version of the job.
    ///   - owner: Has the elements; it is not kept alive.
    ///   - hash: The stable hash of the key that an element belongs to.
    public func keep<Owner: AnyObject, Element: Sendable>(
        _ name: String, of owner: Owner,
        _ buffer: ReferenceWritableKeyPath<Owner, TimeOrderedBuffer<Element>>,
        hash: @escaping (Element) -> UInt64
    ) {
        let part = TimedState<Owner, Element>(
            of: owner, slots: { $0[keyPath: buffer].slots },
            heldBytes: { $0[keyPath: buffer].heldBytes }, hash: hash
        ) { owner, found in
            var filled = TimeOrderedBuffer<Element>()
            for (element, time) in found { filled.insert(element, at: time) }
            owner[keyPath: buffer] = filled
        }
        kept.keep(name, part)
    }
}
