import EdgeLM

/// A stretch of a text, and the entity that it is, if it is one.
public struct Highlight: Sendable, Equatable {
    public let text: String
    public let entity: Answer.Entity?

    /// The text cut at its entities, which do not overlap and stand in their order; nothing of it is lost.
    public static func cut(_ text: String, at entities: [Answer.Entity]) -> [Highlight] {
        var parts: [Highlight] = []
        let scalars = Array(text.unicodeScalars)
        var at = 0
        func part(_ range: Range<Int>) -> String {
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars[range])
            return String(view)
        }
        for entity in entities {
            let range = entity.range.clamped(to: at..<max(scalars.count, at))
            if range.isEmpty { continue }
            if at < range.lowerBound { parts.append(Highlight(text: part(at..<range.lowerBound), entity: nil)) }
            parts.append(Highlight(text: part(range), entity: entity))
            at = range.upperBound
        }
        if at < scalars.count { parts.append(Highlight(text: part(at..<scalars.count), entity: nil)) }
        return parts
    }
}
