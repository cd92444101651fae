import ArgumentParser
import Dispatch
import Foundation

/// Whether to measure under callgrind. valgrind fails where Dispatch ends the main thread, as it does for
/// an asynchronous `main`: so that command has the main thread for itself.
let countsInstructions = CommandLine.arguments.dropFirst().first == "instructions"

if countsInstructions {
    InstructionsCommand.main(Array(CommandLine.arguments.dropFirst(2)))
} else {
    Task {
        await WeirBench.main(nil)
        exit(EXIT_SUCCESS)
    }
    dispatchMain()
}
