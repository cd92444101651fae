import Foundation
import WeirCore

/// Where savepoints go that are asked for by a signal.
struct SavepointPaths {
    /// The paths that were given, of which some may not be there yet.
    private var given: Set<String> = []

    /// `savepoints/20260131T120000Z` in a checkpoint directory; `…Z-2` where that is taken already.
    mutating func next(in directory: String, at time: Timestamp) -> String {
        let digits = time.floor(to: .seconds(1)).iso8601.filter { $0 != "-" && $0 != ":" }
        let path = "\(directory)/savepoints/\(digits)"
        var candidate = path
        var number = 1
        while given.contains(candidate) || FileManager.default.fileExists(atPath: candidate) {
            number += 1
            candidate = "\(path)-\(number)"
        }
        given.insert(candidate)
        return candidate
    }
}
