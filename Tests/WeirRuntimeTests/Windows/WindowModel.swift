import WeirCore
import WeirRuntime

/// Computes what a window operator puts out the slow way: all values of each window in an array, and
/// every window looked at whenever time goes on.
struct WindowModel {
    /// Which windows a record has, by trying every span.
    enum Shape {
        case sliding(size: Int64, slide: Int64, offset: Int64)
        case cumulative(size: Int64, step: Int64, offset: Int64)
        case sessions(gap: Int64)
        /// The gap is a microsecond more than the value modulo this.
        case sessionsByRecord(modulus: Int)
        case global
        case custom(RandomWindows)
    }

    struct OpenWindow {
        var key: Int
        var start: Int64
        var end: Int64
        var values: [Int] = []
        var unfired = 0
        var panes = 0
        var hasEnded = false
        var timer: (time: Int64, domain: TimeDomain)?
    }

    let shape: Shape
    let domain: TimeDomain
    let lateness: Int64
    let early: PaneRule?
    let lateRule: PaneRule
    let panes: PaneAccumulation
    var watermark = Int64.min
    var now: Int64 = 0
    var open: [OpenWindow] = []
    var rows: [PaneRow] = []
    var late: [Int] = []
    var filtered = 0

    init(
        _ shape: Shape, domain: TimeDomain, lateness: Int64, early: PaneRule?, late: PaneRule,
        panes: PaneAccumulation
    ) {
        (self.shape, self.domain, self.lateness) = (shape, domain, lateness)
        (self.early, lateRule, self.panes) = (early, late, panes)
    }

    private var current: Int64 { domain == .eventTime ? watermark : now }

    private func due(_ end: Int64) -> Int64 { domain == .eventTime ? end - 1 : end }

    private func expiry(_ end: Int64) -> Int64 {
        due(end).addingReportingOverflow(lateness).overflow ? .max : due(end) + lateness
    }

    private func spans(_ time: Int64, _ event: Event) -> [(Int64, Int64)] {
        switch shape {
        case .sliding(let size, let slide, let offset):
            (time - size + 1...time).filter { ($0 - offset) % slide == 0 }.map { ($0, $0 + size) }
        case .cumulative(let size, let step, let offset):
            (time - size + 1...time).filter { ($0 - offset) % size == 0 }.flatMap { start in
                stride(from: start + step, through: start + size, by: Int(step))
                    .filter { $0 > time }.map { (start, $0) }
            }
        case .sessions(let gap): [(time, time + gap)]
        case .sessionsByRecord(let modulus): [(time, time + 1 + Int64(event.value % modulus))]
        case .global: [(.min, .max)]
        case .custom(let windows): windows.spans(event, time)
        }
    }

    private var isMerging: Bool {
        switch shape {
        case .sessions, .sessionsByRecord: true
        case .custom(let windows): windows.isMerging
        default: false
        }
    }

    // MARK: - What happens

    mutating func add(_ event: Event) {
        let time = domain == .eventTime ? event.at.microseconds : now
        let spans = spans(time, event)
        if spans.isEmpty {
            filtered += 1
            return
        }
        let kept = spans.filter { place($0, event.key) }
        if kept.isEmpty { late.append(event.value) }
        // A record is once in each window, however many of its own were merged into that.
        let found = open.indices.filter { index in
            open[index].key == event.key
                && kept.contains {
                    isMerging
                        ? open[index].start <= $0.0 && open[index].end >= $0.1
                        : (open[index].start, open[index].end) == $0
                }
        }
        for index in found {
            open[index].values.append(event.value)
            open[index].unfired += 1
            decide(index, recordTime: time)
        }
    }

    private func index(of span: (Int64, Int64), _ key: Int) -> Int? {
        open.indices.first { open[$0].key == key && (open[$0].start, open[$0].end) == span }
    }

    /// Opens the window, or merges it with what it touches; answers whether it was not too late.
    private mutating func place(_ span: (Int64, Int64), _ key: Int) -> Bool {
        let near = open.indices.filter {
            open[$0].key == key
                && (isMerging
                    ? open[$0].start <= span.1 && open[$0].end >= span.0
                    : (open[$0].start, open[$0].end) == span)
        }
        guard isMerging, !near.isEmpty else {
            if expiry(span.1) <= current { return false }
            if near.isEmpty { openWindow(span, key) }
            return true
        }
        var merged = open[near[0]]
        for other in near.dropFirst().map({ open[$0] }) {
            merged.values += other.values
            merged.unfired += other.unfired
            merged.panes = max(merged.panes, other.panes)
            merged.timer = Self.merged(merged.timer, other.timer)
            (merged.start, merged.end) = (
                min(merged.start, other.start), max(merged.end, other.end)
            )
        }
        (merged.start, merged.end) = (min(merged.start, span.0), max(merged.end, span.1))
        merged.hasEnded = due(merged.end) <= current
        for index in near.reversed() { open.remove(at: index) }
        open.append(merged)
        return true
    }

    private static func merged(
        _ one: (time: Int64, domain: TimeDomain)?, _ other: (time: Int64, domain: TimeDomain)?
    ) -> (time: Int64, domain: TimeDomain)? {
        guard let one, let other else { return one ?? other }
        if one.domain == other.domain { return one.time < other.time ? one : other }
        return one.domain == .eventTime ? one : other
    }

    private mutating func openWindow(_ span: (Int64, Int64), _ key: Int) {
        var window = OpenWindow(key: key, start: span.0, end: span.1)
        window.hasEnded = due(span.1) <= current
        open.append(window)
    }

    private mutating func decide(_ index: Int, recordTime: Int64) {
        let window = open[index]
        let timing: WindowPane.Timing = window.hasEnded ? .late : .early
        guard let rule = window.hasEnded ? lateRule : early else { return }
        switch rule {
        case .eachRecord: emit(index, timing)
        case .everyRecords(let count): if window.unfired >= count { emit(index, timing) }
        case .every(let span, let domain):
            let width = span.wholeMicroseconds
            let from = domain == .processingTime ? now : max(recordTime, max(watermark, .min) + 1)
            var due = (from - (from % width + width) % width) + width
            if domain == .eventTime { due -= 1 }
            if !window.hasEnded, domain == .eventTime, due >= window.end - 1 { return }
            if let waiting = window.timer, waiting.domain == domain, waiting.time <= due { return }
            open[index].timer = (due, domain)
        }
    }

    private mutating func emit(_ index: Int, _ timing: WindowPane.Timing) {
        let window = open[index]
        guard !window.values.isEmpty else { return }
        rows.append(
            PaneRow(
                window.key, window.start, window.end, timing, window.panes, window.values.sorted()))
        open[index].panes += 1
        open[index].unfired = 0
        if panes == .discarding { open[index].values = [] }
    }

    /// Moves the watermark or the clock on, and looks at every window.
    mutating func advance(_ moved: TimeDomain, to time: Int64, isEnd: Bool = false) {
        if moved == .eventTime { watermark = max(watermark, time) } else { now = max(now, time) }
        for index in open.indices.reversed() {
            if !isEnd { fireTimer(index, moved) }
            guard due(open[index].end) <= current else { continue }
            if !open[index].hasEnded {
                open[index].hasEnded = true
                open[index].timer = nil
                emit(index, .onTime)
            }
            // The late rule's timer may be due before the window goes.
            if !isEnd { fireTimer(index, moved) }
            guard expiry(open[index].end) <= current else { continue }
            if open[index].unfired > 0 { emit(index, .late) }
            open.remove(at: index)
        }
    }

    private mutating func fireTimer(_ index: Int, _ moved: TimeDomain) {
        let window = open[index]
        guard let timer = window.timer, timer.domain == moved,
            timer.time <= (moved == .eventTime ? watermark : now)
        else { return }
        // At one time the window's end, or its going, comes first.
        if moved == domain, !window.hasEnded, due(window.end) <= timer.time { return }
        if moved == domain, window.hasEnded, expiry(window.end) <= timer.time { return }
        open[index].timer = nil
        guard case .every(_, moved)? = window.hasEnded ? lateRule : early else { return }
        if window.unfired > 0 { emit(index, window.hasEnded ? .late : .early) }
    }
}

/// Windows that a record's key and value decide: one or two, or none.
struct RandomWindows: CustomWindowAssigner {
    let isMerging: Bool
    let modulus: Int

    func spans(_ event: Event, _ time: Int64) -> [(Int64, Int64)] {
        let first = (time - Int64(event.key), time + 1 + Int64(event.value % modulus))
        switch event.value % 4 {
        case 0: return []
        case 1: return [first, (time - 3, time + 30)]
        default: return [first]
        }
    }

    func windows(for event: Event, key: Int, at time: Timestamp) -> [Window] {
        spans(event, time.microseconds).map {
            Window(start: Timestamp(microseconds: $0.0), end: Timestamp(microseconds: $0.1))
        }
    }
}
