internal import ArgumentParser
import WeirCore
import WeirGraph
import WeirState

/// `state`: what is in a checkpoint. Needs its files alone, not the job's types.
struct StateCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "state", abstract: "Show what is in a checkpoint, as JSON Lines.",
            discussion: """
                A path is a checkpoint directory (of which the newest checkpoint is meant), one of \
                the numbered directories in its checkpoints, or a savepoint. A job may be running.

                EXAMPLES:
                  state list state                       one line a checkpoint
                  state dump state --operator totals     every entry of an operator
                  state get state totals JFK             the entries of a key
                  state verify state                     read all, and compare with the checksums
                """,
            subcommands: [List.self, Dump.self, Get.self, Verify.self])
    }

    struct Place: ParsableArguments {
        @Argument(help: "A checkpoint directory, a checkpoint or a savepoint.") var path: String
    }

    struct List: ParsableCommand, JobAction {
        static let configuration = CommandConfiguration(
            abstract: "One line a checkpoint: its operators, their parts, entries and bytes.")
        @OptionGroup var place: Place

        func perform(_ given: [String], on console: Console) async -> Int32 {
            reporting(on: console) {
                for item in try CheckpointListing(place.path).items {
                    console.writeOutput(
                        try CheckpointLine(item).tree.text(isIndented: false) + "\n")
                }
                return 0
            }
        }
    }

    struct Dump: ParsableCommand, JobAction {
        static let configuration = CommandConfiguration(
            abstract: "One line an entry: operator, part, subtask, key, value.")
        @OptionGroup var place: Place
        @Option(name: .customLong("operator"), help: "Only the state of this operator.")
        var operatorID: String?
        @Option(help: "Only parts of this name.") var part: String?

        func perform(_ given: [String], on console: Console) async -> Int32 {
            reporting(on: console) {
                var lines = EntryLines(console)
                try CheckpointInspection(place.path).forEachEntry(
                    ofOperator: operatorID, part: part
                ) { lines.write($0) }
                lines.flush()
                return 0
            }
        }
    }

    struct Get: ParsableCommand, JobAction {
        static let configuration = CommandConfiguration(
            abstract: "The entries of one key of an operator; status 1 where there is none.")
        @OptionGroup var place: Place
        @Argument(help: "The operator.") var operatorID: String
        @Argument(help: "The key: as JSON, as dump shows it, or the characters of a string.")
        var key: String

        func perform(_ given: [String], on console: Console) async -> Int32 {
            reporting(on: console) {
                var lines = EntryLines(console)
                var count = 0
                try CheckpointInspection(place.path).forEachEntry(ofOperator: operatorID) { entry in
                    guard entry.hasKey(key) else { return }
                    count += 1
                    lines.write(entry)
                }
                lines.flush()
                if count > 0 { return 0 }
                console.writeError("error: operator '\(operatorID)' keeps nothing for \(key)\n")
                return 1
            }
        }
    }

    struct Verify: ParsableCommand, JobAction {
        static let configuration = CommandConfiguration(
            abstract: "Read every byte, and compare with the checksums; status 1 for damage.")
        @OptionGroup var place: Place

        func perform(_ given: [String], on console: Console) async -> Int32 {
            reporting(on: console) {
                var status: Int32 = 0
                for item in try CheckpointListing(place.path).items {
                    let problem = problem(of: item)
                    if problem != nil { status = 1 }
                    let tree = JSONTree.object([
                        ("epoch", .integer(item.epoch.number)), ("path", .string(item.path)),
                        ("isWhole", .bool(problem == nil)), ("problem", .optional(problem)),
                    ])
                    console.writeOutput(tree.text(isIndented: false) + "\n")
                }
                return status
            }
        }

        private func problem(of item: CheckpointListing.Item) -> String? {
            do {
                try item.content.get().checkpoint.verify()
                return nil
            } catch { return "\(error)" }
        }
    }
}

/// Does what a command is for; what it throws is shown.
private func reporting(on console: Console, _ body: () throws -> Int32) -> Int32 {
    do { return try body() } catch {
        console.writeError(failureText(error))
        return 1
    }
}

/// What `state list` says of one checkpoint.
private struct CheckpointLine {
    let tree: JSONTree

    init(_ item: CheckpointListing.Item) throws {
        guard case .success(let inspection) = item.content else {
            var problem: String?
            if case .failure(let error) = item.content { problem = error.description }
            tree = .object([
                ("epoch", .integer(item.epoch.number)), ("path", .string(item.path)),
                ("problem", .optional(problem)),
            ])
            return
        }
        let manifest = inspection.checkpoint.manifest
        let parts = Dictionary(grouping: try inspection.parts(), by: \.operatorID)
        tree = .object([
            ("epoch", .integer(manifest.epoch.number)), ("path", .string(item.path)),
            ("job", .string(manifest.job)), ("kind", .string(manifest.kind.rawValue)),
            ("createdAt", .string(manifest.createdAt.iso8601)),
            ("parallelism", .integer(manifest.parallelism)),
            ("bytes", .integer(manifest.totalBytes)), ("newBytes", .integer(manifest.newBytes)),
            (
                "operators",
                .array(
                    manifest.operators.map { saved in
                        .object([
                            ("id", .string(saved.id)), ("kind", .string(saved.kind)),
                            ("parallelism", .integer(saved.parallelism)),
                            ("parts", .array((parts[saved.id] ?? []).map(Self.tree))),
                        ])
                    })
            ),
        ])
    }

    private static func tree(_ part: CheckpointInspection.Part) -> JSONTree {
        .object([
            ("name", .string(part.name)), ("arrangement", .string(part.layout.arrangement)),
            ("key", .optional(part.layout.key?.description)),
            ("value", .string(part.layout.value.description)),
            ("entries", .integer(part.entryCount)), ("bytes", .integer(part.bytes)),
        ])
    }
}

/// Writes entries as lines of JSON, many at a time.
private struct EntryLines {
    private let console: Console
    private var buffer = ""

    init(_ console: Console) { self.console = console }

    mutating func write(_ entry: StateEntry) {
        let quoted = { JSONTree.string($0).text(isIndented: false) }
        buffer += "{\"operator\":\(quoted(entry.operatorID)),\"part\":\(quoted(entry.part)),"
        buffer += "\"subtask\":\(entry.subtask),\"key\":\(entry.key ?? "null"),"
        buffer += "\"value\":\(entry.value)}\n"
        if buffer.utf8.count > 1 << 16 { flush() }
    }

    mutating func flush() {
        if !buffer.isEmpty { console.writeOutput(buffer) }
        buffer = ""
    }
}
