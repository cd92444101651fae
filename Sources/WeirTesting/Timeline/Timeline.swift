/// A stream drawn in characters, one for each frame of time: a marble diagram.
///
/// | in a drawing | means |
/// | --- | --- |
/// | `-` | a frame in which nothing comes |
/// | a letter or digit | a record, by the name that the test gives it, at the time of its frame |
/// | `(ab)` | records in one frame, that of the bracket; the brackets and all but one of the names take frames that stay empty, so that drawings below each other stay in line |
/// | `!` | a watermark with the time of its frame; within brackets it comes in its turn |
/// | `~` | the input falls idle |
/// | `\|` | the end |
/// | a space | nothing at all, not even a frame |
///
/// Frame *n* lies `n` units after the origin, in event time and in processing time.
public struct Timeline: Hashable, Sendable {
    /// What one frame holds.
    public enum Mark: Hashable, Sendable {
        /// The record of that name.
        case record(Character)
        /// A mark in the stream; watermarks have the time of their frame.
        case watermark, idle, end
    }

    /// The marks of each frame, in order.
    public private(set) var frames: [[Mark]] = []

    /// Reads a drawing.
    ///
    /// - Throws: ``TimelineError`` where it is not one.
    public init(_ drawing: String) throws {
        var group: Int?
        for character in drawing where character != " " {
            switch character {
            case "(":
                guard group == nil else {
                    throw TimelineError("\(drawing): a bracket in a bracket")
                }
                group = frames.count
                frames.append([])
            case ")":
                guard group != nil else { throw TimelineError("\(drawing): a bracket too many") }
                group = nil
                frames.append([])
            default:
                let marks = try Self.marks(character, of: drawing)
                if let group {
                    frames[group] += marks
                    frames.append([])
                } else {
                    frames.append(marks)
                }
            }
        }
        guard group == nil else { throw TimelineError("\(drawing): a bracket is not closed") }
    }

    private static func marks(_ character: Character, of drawing: String) throws -> [Mark] {
        switch character {
        case "-": return []
        case "!": return [.watermark]
        case "~": return [.idle]
        case "|": return [.end]
        case _ where character.isLetter || character.isNumber: return [.record(character)]
        default: throw TimelineError("\(drawing): '\(character)' means nothing here")
        }
    }

    /// The drawing of marks, frame by frame, at least `count` frames long.
    ///
    /// A frame with several marks is drawn in brackets, which push what follows to the right only
    /// where the frames behind them are not empty; then the drawing says so with a `>`.
    public static func draw(_ frames: [[Character]], count: Int) -> String {
        var drawing = ""
        var column = 0
        for (frame, marks) in frames.enumerated() {
            if marks.isEmpty {
                // A column that brackets have taken already.
                if column > frame { continue }
                drawing.append("-")
                column += 1
                continue
            }
            if column > frame {
                drawing.append(">")
                column += 1
            }
            drawing += marks.count == 1 ? String(marks) : "(\(String(marks)))"
            column += marks.count == 1 ? 1 : marks.count + 2
        }
        while column < count {
            drawing.append("-")
            column += 1
        }
        return drawing
    }
}

/// A drawing or what came out cannot be read as a timeline.
public struct TimelineError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong, and where.
    public let description: String

    /// Says what is wrong.
    public init(_ description: String) { self.description = description }
}
