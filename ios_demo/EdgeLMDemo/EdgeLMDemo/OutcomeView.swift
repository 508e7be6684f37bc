import EdgeLM
import EdgeLMDemoModel
import SwiftUI

/// What came of the last question, self-test or benchmark.
struct OutcomeView: View {
    let outcome: DemoViewModel.Outcome
    let title: String

    var body: some View {
        switch outcome {
        case .nothing: EmptyView()
        case .answer(let answer):
            Section(title) {
                PresentationView(presentation: answer.presentation)
                Text(time(answer)).font(.caption).foregroundStyle(.secondary)
            }
        case .selfTest(let report): SelfTestView(report: report)
        case .benchmark(let report): BenchmarkView(report: report)
        case .failure(let message, let hint):
            Section("That did not work") {
                Text(message)
                if !hint.isEmpty { Text(hint).foregroundStyle(.secondary) }
            }
        }
    }

    private func time(_ answer: TimedAnswer) -> String {
        let runs = answer.runs == 1 ? "one run" : "\(answer.runs) runs"
        return "\(Presentation.decimal(answer.milliseconds, places: 1)) ms, \(runs) of the model, with its tokenizer"
    }
}

struct SelfTestView: View {
    let report: SelfTestReport

    var body: some View {
        Section("Self-test: \(report.verdict.rawValue)") {
            LabeledContent("Texts tokenized otherwise", value: String(report.tokenizerMismatches))
            ForEach(report.signatures, id: \.name) { signature in
                VStack(alignment: .leading) {
                    Text("Input \(signature.name): \(signature.verdict.rawValue)")
                    Text(details(signature)).font(.caption).foregroundStyle(.secondary)
                }
                .accessibilityElement(children: .combine)
            }
        }
    }

    private func details(_ signature: SelfTestReport.Signature) -> String {
        let error = Presentation.decimal(signature.maxAbsError, places: 6)
        return
            "\(signature.cases) texts, largest error \(error), \(Presentation.decimal(signature.p50Ms, places: 2)) ms"
    }
}

struct BenchmarkView: View {
    let report: BenchmarkReport

    var body: some View {
        Section("Benchmark, \(report.tokens) tokens") {
            LabeledContent("Model, median", value: "\(Presentation.decimal(report.modelP50Ms, places: 2)) ms")
            LabeledContent("Model, 95th percentile", value: "\(Presentation.decimal(report.modelP95Ms, places: 2)) ms")
            LabeledContent(
                "Tokenizer",
                value: "\(Presentation.decimal(report.tokenizerStringsPerSecond, places: 0)) texts a second")
        }
    }
}
