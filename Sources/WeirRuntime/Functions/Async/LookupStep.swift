public import WeirCore
public import WeirGraph
import WeirState

/// Makes the step that looks each record up in a table, several at a time.
///
/// Keys are asked for once however many records wait for them, as many in one request as the reader
/// takes.
///
/// - Parameters:
///   - outputs: The step of the main output, and that of records that have failed; `nil` where nothing
///     reads it.
///   - result: Makes the result from the record and its row; `nil`: the record is filtered out.
public func lookupStep<Input: Sendable, Table: LookupTable, Output: Sendable>(
    _ context: SubtaskContext, into outputs: [AnyStep?], _ table: Table,
    by keyOf: @escaping (Input) -> Table.Key, cache: LookupCache, _ settings: AsyncSettings,
    failed: SideOutput<FailedRecord<Input>>?, stopsOnFailure: Bool,
    result: @escaping (Input, Table.Row?) throws -> Output?
) throws -> Step<Input> {
    typealias Outcome = Result<Table.Row?, AsyncCallFailure>
    let instance = try FunctionInstance(
        ReaderHolder(table: table), context, open: { holder, _ in try holder.open() },
        close: { $0.reader?.close() })
    guard let reader = instance.function.reader else { throw LookupReaderMissing() }
    let outputs = try FunctionOutputs<Output>(context, outputs, failed.map { [$0] } ?? [])
    let core = AsyncRecordsCore<Input, Outcome, Output>(
        context, outputs: outputs, order: settings.order, capacity: settings.capacity)
    let requests = AsyncCalls<[Table.Key], [Table.Key: Table.Row]>(
        context, timeout: settings.timeout, retry: settings.retry,
        call: { try await reader.rows(for: $0) })
    let lookups = KeyLookups<Table.Key, Table.Row>(
        cache, clock: context.clock, requests, batch: reader.maximumBatch)
    let failures = FailureOutput(context, outputs, to: failed, stopsJob: stopsOnFailure)
    core.calls = .init(
        start: { [unowned core] id, record in
            if let found = lookups.row(of: keyOf(record), for: id) {
                core.inFlight.complete(id, .success(found))
            }
        },
        flush: { lookups.sendRequests() },
        collect: { [unowned core] in
            lookups.collect { core.inFlight.complete($0, $1) }
        },
        requestTick: { requests.requestTick() },
        emit: { record, time, outcome in
            switch outcome {
            case .success(let row):
                do {
                    if let made = try result(record, row) {
                        outputs.emit(made, at: time)
                        context.counters.passed.add(1)
                    } else {
                        context.counters.filtered.add(1)
                    }
                } catch {
                    throw RecordError(record: record, cause: error)
                }
            case .failure(let failure): try failures.note(record, at: time, failure)
            }
        },
        end: { try instance.close() })
    return core.step
}

/// A table and, once open, its reader.
private struct ReaderHolder<Table: LookupTable>: Sendable {
    let table: Table
    var reader: Table.Reader?

    mutating func open() throws { reader = try table.reader() }
}

/// A lookup was opened without a reader, which cannot be.
private struct LookupReaderMissing: Error, CustomStringConvertible {
    var description: String { "internal: a lookup has no reader" }
}

/// The keys that are being asked for, who waits for them, and what is remembered.
private final class KeyLookups<Key: StreamKey, Row: Sendable> {
    private var cache: CachedRows<Key, Row>
    private let clock: any ProcessingClock
    private let requests: AsyncCalls<[Key], [Key: Row]>
    private let batch: Int
    /// The records that wait for a key, in the order in which they came.
    private var waiting: [Key: [UInt64]] = [:]
    /// The keys that are to be asked for with the next request.
    private var wanted: [Key] = []
    private var requestsMade: UInt64 = 0

    init(
        _ cache: LookupCache, clock: any ProcessingClock,
        _ requests: AsyncCalls<[Key], [Key: Row]>, batch: Int
    ) {
        self.cache = CachedRows(cache)
        self.clock = clock
        self.requests = requests
        self.batch = max(1, batch)
    }

    /// What is remembered of a key; `nil`: the record waits for it.
    func row(of key: Key, for id: UInt64) -> Row?? {
        if waiting[key] != nil {
            waiting[key]?.append(id)
            return nil
        }
        if let known = cache.row(of: key, at: clock.now()) { return .some(known) }
        waiting[key] = [id]
        wanted.append(key)
        return nil
    }

    /// Asks for the keys that are wanted.
    func sendRequests() {
        var first = 0
        while first < wanted.count {
            let end = min(wanted.count, first + batch)
            requests.start(requestsMade, Array(wanted[first..<end]))
            requestsMade += 1
            first = end
        }
        wanted.removeAll(keepingCapacity: true)
    }

    /// Tells those who waited what has been found.
    func collect(_ complete: (UInt64, Result<Row?, AsyncCallFailure>) -> Void) {
        for request in requests.takeFinished() {
            for key in request.request {
                let outcome = request.result.map { $0[key] }
                if case .success(let row) = outcome { cache.note(row, of: key, at: clock.now()) }
                for id in waiting.removeValue(forKey: key) ?? [] { complete(id, outcome) }
            }
        }
    }
}
