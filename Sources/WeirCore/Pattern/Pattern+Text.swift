extension Pattern: CustomStringConvertible {
    /// The pattern in words: `failures × 3 or more, followed by success, within 5 min`.
    public var description: String {
        var parts = stages.map(Self.text)
        if let span { parts.append("within \(span.spelledOut)") }
        return parts.joined(separator: ", ")
    }

    private static func text(_ stage: PatternStage<Element>) -> String {
        let link =
            switch (stage.contiguity, stage.isNegative) {
            case (.start, _): ""
            case (.strict, false): "next "
            case (.strict, true): "not next "
            case (.relaxed, true): "not followed by "
            case (.relaxed, false): "followed by "
            case (.any, _): "followed by any "
            }
        return link + (stage.isOptional ? "optional " : "") + stage.name + times(stage)
    }

    private static func times(_ stage: PatternStage<Element>) -> String {
        if stage.most == 1 { return "" }
        if stage.most == .max { return " × \(stage.least) or more" }
        if stage.most == stage.least { return " × \(stage.most)" }
        return " × \(stage.least) to \(stage.most)"
    }
}
