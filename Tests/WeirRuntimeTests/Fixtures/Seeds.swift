import Foundation

/// The seeds of a property's runs: `count` of them, or that part which `WEIR_SEED_PERCENT` in the
/// environment says, but at least four. Under a sanitizer, which looks for what a hundred runs of one
/// code path have in common, all of them would take an hour.
func seeds(_ count: UInt64) -> Range<UInt64> {
    let percent =
        ProcessInfo.processInfo.environment["WEIR_SEED_PERCENT"].flatMap { UInt64($0) } ?? 100
    return 0..<max(min(4, count), count * percent / 100)
}
