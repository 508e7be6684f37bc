import EdgeLM
import EdgeLMDemoModel
import SwiftUI

/// An answer: bars, a text with its entities marked, spans, or a list.
struct PresentationView: View {
    let presentation: Presentation

    var body: some View {
        switch presentation {
        case .bars(let bars), .ranking(let bars): ForEach(bars) { BarView(bar: $0) }
        case .highlights(let heading, let parts):
            if let heading { Text(heading).font(.headline) }
            HighlightedText(parts: parts)
        case .spans(let spans):
            if spans.isEmpty { Text("No answer was found in the context.") }
            ForEach(spans.indices, id: \.self) { place in
                LabeledContent(spans[place].answer, value: Presentation.percent(spans[place].score))
            }
        case .words(let words): Text(words)
        }
    }
}

/// A label, its score, and a bar as long as the score.
struct BarView: View {
    let bar: Presentation.Bar

    var body: some View {
        VStack(alignment: .leading, spacing: 4) {
            HStack {
                Text(bar.label)
                Spacer()
                Text(Presentation.percent(bar.score)).monospacedDigit()
            }
            ProgressView(value: bar.filled)
        }
        .accessibilityElement(children: .ignore)
        .accessibilityLabel(bar.spoken)
    }
}

/// A text whose entities have a colour by their group, and the groups below it.
struct HighlightedText: View {
    let parts: [Highlight]

    private static let colours: [Color] = [.orange, .teal, .purple, .green, .pink, .indigo, .brown]

    var body: some View {
        VStack(alignment: .leading, spacing: 8) {
            parts.reduce(Text("")) { $0 + Text(attributed($1)) }
            ForEach(entities.indices, id: \.self) { place in
                let entity = entities[place]
                LabeledContent("\(entity.group): \(entity.word)", value: Presentation.percent(entity.score))
                    .font(.caption)
            }
            if entities.isEmpty { Text("No entity was found.").font(.caption).foregroundStyle(.secondary) }
        }
    }

    private var entities: [Answer.Entity] { parts.compactMap(\.entity) }

    private var groups: [String] { Array(Set(entities.map(\.group))).sorted() }

    private func attributed(_ part: Highlight) -> AttributedString {
        var text = AttributedString(part.text)
        if let entity = part.entity, let place = groups.firstIndex(of: entity.group) {
            text.backgroundColor = Self.colours[place % Self.colours.count].opacity(0.35)
        }
        return text
    }
}
