/// Something that goes wrong at one point of a simulated run.
public struct Fault: Hashable, Sendable, CustomStringConvertible {
    /// What goes wrong.
    public var kind: FaultKind
    /// When: at this step of the executor, operation of the disk, read of a source or call of a sink,
    /// as the kind says, counted from the first process on.
    public var place: Int
    /// How long, how far, how much is lost; its meaning depends on the kind.
    public var amount: Int

    /// Describes a fault.
    public init(_ kind: FaultKind, at place: Int, amount: Int = 0) {
        self.kind = kind
        self.place = place
        self.amount = amount
    }

    /// `crash@120:7`.
    public var description: String { "\(kind.rawValue)@\(place):\(amount)" }

    /// Reads the form that ``description`` has; `nil` for anything else.
    public init?(_ text: some StringProtocol) {
        let halves = text.split(separator: "@")
        guard halves.count == 2, let kind = FaultKind(rawValue: String(halves[0])) else {
            return nil
        }
        let numbers = halves[1].split(separator: ":").map { Int($0) }
        guard let place = numbers.first ?? nil, numbers.count <= 2 else { return nil }
        if numbers.count == 2 {
            guard let amount = numbers[1] else { return nil }
            self.init(kind, at: place, amount: amount)
        } else {
            self.init(kind, at: place)
        }
    }
}

/// What goes wrong in a simulated run.
public struct FaultPlan: Hashable, Sendable, CustomStringConvertible {
    /// The faults, by place.
    public var faults: [Fault]

    /// A plan of these.
    public init(_ faults: [Fault]) { self.faults = faults }

    /// The faults with spaces between them.
    public var description: String { faults.map(\.description).joined(separator: " ") }

    /// Reads the form that ``description`` has.
    ///
    /// - Throws: ``FaultPlanError`` at the first word that is no fault.
    public init(_ text: String) throws {
        faults = try text.split(separator: " ").map { word in
            guard let fault = Fault(word) else { throw FaultPlanError(word: String(word)) }
            return fault
        }
    }

    /// Draws up to six faults, more rarely many than few, at places within what a run without faults
    /// comes to and a little more.
    init(
        _ kinds: Set<FaultKind>, extent: [FaultKind.Domain: Int],
        using random: inout SeededGenerator
    ) {
        let choices = FaultKind.allCases.filter(kinds.contains)
        faults = []
        guard !choices.isEmpty else { return }
        repeat {
            let kind = choices[Int.random(in: choices.indices, using: &random)]
            let extent = (extent[kind.domain] ?? 1) * 5 / 4 + 2
            faults.append(
                Fault(
                    kind, at: Int.random(in: 0..<extent, using: &random),
                    amount: Int.random(in: 0..<1_000, using: &random)))
        } while faults.count < 6 && Int.random(in: 0..<3, using: &random) > 0
    }
}

/// A text that describes no fault.
public struct FaultPlanError: Error, CustomStringConvertible {
    /// The word that was not understood.
    public let word: String
    public var description: String {
        "'\(word)' is no fault; write it as 'crash@120' or 'clockJumps@40:7', with one of: "
            + FaultKind.allCases.map(\.rawValue).joined(separator: ", ")
    }
}
