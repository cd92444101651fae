/// Makes the step that gives every record and mark to each of several branches.
///
/// One branch is given the batch itself; before it, the others read it where they can, and get copies
/// where they can't. When a branch refuses more, the others have still been served, and only those that
/// refused are resumed.
///
/// - Precondition: `branches` is not empty.
public func fanOutStep<Element>(to branches: [Step<Element>]) -> Step<Element> {
    if branches.count == 1 { return branches[0] }
    let state = BranchStates(branches)
    let copies = BatchSlot<Element>()
    // The one that is given the batch itself.
    let taker = branches.lastIndex { $0.processShared == nil } ?? branches.count - 1
    return Step(
        process: { batch in
            for (index, branch) in branches.enumerated() where index != taker {
                if let processShared = branch.processShared {
                    try state.note(index, processShared(batch))
                } else {
                    batch.copyRows(to: &copies.batch)
                    try state.note(index, branch.process(&copies.batch))
                }
            }
            try state.note(taker, branches[taker].process(&batch))
            return state.progress
        },
        signal: { signal in
            for (index, branch) in branches.enumerated() {
                try state.note(index, branch.signal(signal))
            }
            return state.progress
        },
        resume: { try state.resume() })
}

/// Which of several branches have refused more, and how each answered last.
public final class BranchStates<Element> {
    @usableFromInline let branches: [Step<Element>]
    @usableFromInline var answers: [Progress]

    /// Starts with all branches ready for more.
    public init(_ branches: [Step<Element>]) {
        self.branches = branches
        answers = Array(repeating: .done, count: branches.count)
    }

    /// Remembers a branch's answer.
    @inlinable public func note(_ branch: Int, _ answer: Progress) { answers[branch] = answer }

    /// The branches' answers taken together.
    public var progress: Progress { answers.reduce(.done) { $0.joined(with: $1) } }

    /// Resumes the branches that are not done.
    public func resume() throws -> Progress {
        for index in answers.indices where answers[index] != .done {
            answers[index] = try branches[index].resume()
        }
        return progress
    }
}
