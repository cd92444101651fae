/// Makes the step that gives every record and mark to each of several branches.
///
/// One branch is given the batch itself; before it, the others read it where they can, and get copies
/// where they can't. When a branch refuses more, the others have still been served, and only those that
/// refused are resumed.
///
/// - Precondition: `branches` is not empty.
public func fanOutStep<Element>(to branches: [Step<Element>]) -> Step<Element> {
    // The one that is given the batch itself.
    let taker = branches.lastIndex { $0.processShared == nil } ?? branches.count - 1
    var step = branches[taker]
    for index in branches.indices.reversed() where index != taker {
        step = pairStep(branches[index], step)
    }
    return step
}

/// Makes the step that shows each batch to `first` and gives it to `rest`.
///
/// Steps are put together by this at run time, where the element type is not known. A loop over an array
/// of steps would look up the types that it is made of with each batch and mark: measured, 0.8 us for two
/// branches. Closures that call closures need none.
private func pairStep<Element>(_ first: Step<Element>, _ rest: Step<Element>) -> Step<Element> {
    let answers = PairAnswers()
    let copies = BatchSlot<Element>()
    let (processFirst, signalFirst, resumeFirst) = (first.process, first.signal, first.resume)
    let (processRest, signalRest, resumeRest) = (rest.process, rest.signal, rest.resume)
    let show =
        first.processShared ?? { batch in
            batch.copyRows(to: &copies.batch)
            return try processFirst(&copies.batch)
        }
    return Step(
        process: { batch in
            answers.first = try show(batch)
            answers.rest = try processRest(&batch)
            return answers.progress
        },
        signal: { signal in
            answers.first = try signalFirst(signal)
            answers.rest = try signalRest(signal)
            return answers.progress
        },
        resume: {
            if answers.first != .done { answers.first = try resumeFirst() }
            if answers.rest != .done { answers.rest = try resumeRest() }
            return answers.progress
        })
}

/// How each side of a pair answered last.
private final class PairAnswers {
    var first = Progress.done
    var rest = Progress.done

    var progress: Progress { first.joined(with: rest) }
}
