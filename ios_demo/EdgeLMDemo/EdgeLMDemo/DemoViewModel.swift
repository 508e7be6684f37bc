import EdgeLM
import EdgeLMDemoModel
import Foundation

/// What the screen shows and does; the work is `DemoEngine`'s, off the main thread.
@MainActor
final class DemoViewModel: ObservableObject {
    /// What was asked for last, and what came of it.
    enum Outcome {
        case nothing
        case answer(TimedAnswer)
        case selfTest(SelfTestReport)
        case benchmark(BenchmarkReport)
        case failure(message: String, hint: String)
    }

    let catalog: BundleCatalog
    @Published var selection: String = ""
    @Published var text = ""
    @Published var pair = ""
    @Published var list = ""
    @Published private(set) var form: TaskForm?
    @Published private(set) var outcome = Outcome.nothing
    @Published private(set) var isBusy = false

    private let engine: DemoEngine

    init(resources: URL = Bundle.main.bundleURL) {
        catalog = BundleCatalog(in: resources.appendingPathComponent("Bundles"))
        selection = catalog.entries.first?.id ?? ""
        engine = DemoEngine { bundle, folder in try await CoreMLRunner.load(bundle, in: folder) }
    }

    var canAsk: Bool { form != nil && !isBusy }

    func open() {
        guard let entry = catalog.entries.first(where: { $0.id == selection }) else { return }
        form = nil
        perform { [engine] in
            let form = try await engine.open(entry)
            return { model in
                model.show(form)
                return .nothing
            }
        }
    }

    func answer() {
        let question = self.question
        perform { [engine] in
            let found = try await engine.answer(question)
            return { _ in .answer(found) }
        }
    }

    func selfTest() {
        perform { [engine] in
            let report = try await engine.selfTest()
            return { _ in .selfTest(report) }
        }
    }

    func benchmark() {
        let question = self.question
        perform { [engine] in
            let report = try await engine.benchmark(question)
            return { _ in .benchmark(report) }
        }
    }

    private func show(_ form: TaskForm) {
        self.form = form
        text = form.example.text
        pair = form.example.pair ?? ""
        list = form.example.choices.joined(separator: "\n")
    }

    private var question: Question {
        let choices = list.split(whereSeparator: \.isNewline).map(String.init)
        return Question(
            text, pair: form?.pair == nil || pair.isEmpty ? nil : pair, choices: form?.list == nil ? [] : choices,
            truncate: true)
    }

    /// Runs `work` off the main thread; what it returns says on the main one what is to be shown.
    private func perform(_ work: @escaping @Sendable () async throws -> @MainActor (DemoViewModel) -> Outcome) {
        isBusy = true
        Task {
            do {
                outcome = try await work()(self)
            } catch let error as any EdgeLMError {
                outcome = .failure(message: error.message, hint: error.hint)
            } catch {
                outcome = .failure(message: error.localizedDescription, hint: "")
            }
            isBusy = false
        }
    }
}
