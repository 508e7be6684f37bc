import EdgeLM
import Foundation

/// An answer as a screen shows it.
public enum Presentation: Sendable, Equatable {
    case bars([Bar])
    /// The text with its entities marked, and a heading above it (the intent of a joint model).
    case highlights(heading: String?, [Highlight])
    case spans([Answer.AnswerSpan])
    case ranking([Bar])
    /// What cannot be drawn, in words.
    case words(String)

    /// A label with a bar; the part of the bar that is filled is from 0 to 1.
    public struct Bar: Sendable, Equatable, Identifiable {
        public let id: Int
        public let label: String
        public let score: Double
        public let filled: Double

        /// For a screen reader: the label and its score.
        public var spoken: String { "\(label), \(Presentation.percent(score))" }
    }

    public init(_ answer: Answer, text: String) {
        switch answer {
        case .labels(let labels): self = .bars(Self.bars(labels.map { ($0.label, $0.score) }))
        case .ranking(let documents): self = .ranking(Self.bars(documents.map { ($0.text, $0.score) }))
        case .entities(let entities): self = .highlights(heading: nil, Highlight.cut(text, at: entities))
        case .intent(let found):
            let heading = "\(found.intent), \(Self.percent(found.score))"
            self = .highlights(heading: heading, Highlight.cut(text, at: found.slots))
        case .tokens(let tokens): self = .bars(Self.bars(tokens.map { ("\($0.word): \($0.label)", $0.score) }))
        case .spans(let spans): self = .spans(spans)
        case .fills(let masks):
            self = .bars(Self.bars(masks.flatMap { $0 }.map { ($0.text, $0.score) }))
        case .similarity(let value): self = .bars(Self.bars([("similarity", value)]))
        case .embedding(let vector): self = .words("A vector of \(vector.count) numbers.")
        case .hiddenStates(let rows): self = .words("\(rows.count) vectors of \(rows.first?.count ?? 0) numbers.")
        }
    }

    static func bars(_ scores: [(String, Double)]) -> [Bar] {
        scores.enumerated().map { place, entry in
            Bar(id: place, label: entry.0, score: entry.1, filled: min(max(entry.1, 0), 1))
        }
    }

    /// A score as a person reads it: `97.3 %`; a logit, which is no share, as a number.
    public static func percent(_ score: Double) -> String {
        guard (0...1).contains(score) else { return decimal(score, places: 2) }
        return decimal(score * 100, places: 1) + " %"
    }

    /// A number with so many decimal places, the same in every region.
    public static func decimal(_ value: Double, places: Int) -> String {
        guard value.isFinite else { return "not measured" }
        let scale = pow(10, Double(places))
        let (whole, sign) = ((abs(value) * scale).rounded(), value < 0 ? "-" : "")
        guard places > 0, whole < 1e15 else { return sign + String(Int(min(whole, 1e15))) }
        let digits = String(Int(whole))
        let padded = String(repeating: "0", count: max(places + 1 - digits.count, 0)) + digits
        return sign + padded.dropLast(places) + "." + padded.suffix(places)
    }
}
