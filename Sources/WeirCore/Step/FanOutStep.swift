/// Makes the step that gives every record and mark to each of several branches.
///
/// One branch is given the batch itself; before it, the others read it where they can, and get copies
/// where they can't. Where all can read it, the one that copied most of the last batches is given the next
/// ones. When a branch refuses more, the others have still been served, and only those that refused are resumed.
///
/// - Precondition: `branches` is not empty.
public func fanOutStep<Element>(to branches: [Step<Element>]) -> Step<Element> {
    if branches.count == 1 { return branches[0] }
    // The one that is given the batch itself, to begin with.
    let taker = branches.lastIndex { $0.processShared == nil } ?? branches.count - 1
    var step = branches[taker]
    for index in branches.indices.reversed() where index != taker {
        step = pairStep(branches[index], step)
    }
    return Step(process: step.process, signal: step.signal, resume: step.resume)
}

/// Makes the step that shows each batch to one of two steps and gives it to the other: to `second`, unless
/// both can read it and `first` copies more.
///
/// Steps are put together by this at run time, where the element type is not known. A loop over an array
/// of steps would look up the types that it is made of with each batch and mark: measured, 0.8 us for two
/// branches. Closures that call closures need none.
private func pairStep<Element>(_ first: Step<Element>, _ second: Step<Element>) -> Step<Element> {
    let pair = Pair(first.copied, second.copied)
    let copies = BatchSlot<Element>()
    let (processFirst, signalFirst, resumeFirst) = (first.process, first.signal, first.resume)
    let (processSecond, signalSecond, resumeSecond) = (second.process, second.signal, second.resume)
    let showFirst =
        first.processShared ?? { batch in
            batch.copyRows(to: &copies.batch)
            return try processFirst(&copies.batch)
        }
    let signal: (Signal) throws -> Progress = { signal in
        pair.first = try signalFirst(signal)
        pair.second = try signalSecond(signal)
        return pair.progress
    }
    let resume: () throws -> Progress = {
        if pair.first != .done { pair.first = try resumeFirst() }
        if pair.second != .done { pair.second = try resumeSecond() }
        return pair.progress
    }
    guard first.processShared != nil, let showSecond = second.processShared else {
        return Step(
            process: { batch in
                pair.first = try showFirst(batch)
                pair.second = try processSecond(&batch)
                return pair.progress
            }, signal: signal, resume: resume)
    }
    return Step(
        process: { batch in
            if pair.isFirstGiven() {
                pair.second = try showSecond(batch)
                pair.first = try processFirst(&batch)
            } else {
                pair.first = try showFirst(batch)
                pair.second = try processSecond(&batch)
            }
            return pair.progress
        },
        processShared: { batch in
            pair.first = try showFirst(batch)
            pair.second = try showSecond(batch)
            return pair.progress
        }, copied: pair.copied, signal: signal, resume: resume)
}

/// How each of two steps answered last, and which of them is given the next batch.
private final class Pair {
    @exclusivity(unchecked) var first = Progress.done
    @exclusivity(unchecked) var second = Progress.done
    private let copiedByFirst: (() -> Int)?
    private let copiedBySecond: (() -> Int)?
    /// What they had copied when that was last compared.
    private var last = (first: 0, second: 0)
    /// What the one that copied more each time was asked has copied since, and what both had copied then.
    private var most = 0
    private var lastAsked = (first: 0, second: 0)
    private var isFirstAhead = false
    private var batches = 0

    init(_ copiedByFirst: (() -> Int)?, _ copiedBySecond: (() -> Int)?) {
        self.copiedByFirst = copiedByFirst
        self.copiedBySecond = copiedBySecond
    }

    var progress: Progress { first.joined(with: second) }

    private var copiedByEach: (first: Int, second: Int) {
        (copiedByFirst?() ?? 0, copiedBySecond?() ?? 0)
    }

    /// What the one that copies more has copied: of each span between two calls the one that did in that span, so
    /// that the sum goes on where one of them stops.
    func copied() -> Int {
        let now = copiedByEach
        most += max(now.first - lastAsked.first, now.second - lastAsked.second)
        lastAsked = now
        return most
    }

    /// Whether the first is given the batch at hand: compared after the first batch and then every 64.
    func isFirstGiven() -> Bool {
        if batches & 63 == 1 {
            let now = copiedByEach
            isFirstAhead = now.first - last.first > now.second - last.second
            last = now
        }
        batches &+= 1
        return isFirstAhead
    }
}
