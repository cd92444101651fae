/// Which of several branches have refused more, and how each answered last.
public final class BranchStates<Element> {
    @usableFromInline let branches: [Step<Element>]
    @exclusivity(unchecked) @usableFromInline var answers: [Progress]

    /// Starts with all branches ready for more.
    @inlinable public init(_ branches: [Step<Element>]) {
        self.branches = branches
        answers = Array(repeating: .done, count: branches.count)
    }

    /// Remembers a branch's answer.
    @inlinable public func note(_ branch: Int, _ answer: Progress) { answers[branch] = answer }

    /// The branches' answers taken together.
    @inlinable public var progress: Progress {
        var progress = Progress.done
        for answer in answers { progress = progress.joined(with: answer) }
        return progress
    }

    /// Resumes the branches that are not done.
    @inlinable public func resume() throws -> Progress {
        for index in answers.indices where answers[index] != .done {
            answers[index] = try branches[index].resume()
        }
        return progress
    }
}
