import EdgeLM
import Foundation

/// What a screen gets for a question: the answer, and how long the model and the tokenizer took for it.
public struct TimedAnswer: Sendable, Equatable {
    public let presentation: Presentation
    public let milliseconds: Double
    /// How often the model ran.
    public let runs: Int
}

/// How fast a bundle is on this device.
public struct BenchmarkReport: Sendable, Equatable {
    public let tokens: Int
    public let modelP50Ms: Double
    public let modelP95Ms: Double
    public let tokenizerStringsPerSecond: Double
}

/// The work of the demonstration, without its screen: opens a bundle, answers, searches, tests and times it.
public actor DemoEngine {
    public typealias Load = @Sendable (ModelBundle, URL) async throws -> any Runner

    private let load: Load
    private var session: Session?

    /// `load` brings a bundle's model up in the runtime of the platform.
    public init(load: @escaping Load) { self.load = load }

    /// Opens a bundle in the place of the one that is open; its digests are checked.
    public func open(_ entry: BundleCatalog.Entry) async throws -> TaskForm {
        session = nil
        let bundle = try ModelBundle.open(entry.url)
        session = Session(bundle, try await load(bundle, entry.url))
        let isReranker = bundle.manifest.task == "text-classification" && bundle.manifest.labels.count == 1
        return TaskForm(task: bundle.manifest.task, isReranker: isReranker)
    }

    private func opened() throws -> Session {
        guard let session else {
            throw BundleError(.notABundle, "No bundle is open.", hint: "Choose one above.")
        }
        return session
    }

    /// Answers a question; of a similarity bundle with a list of texts it ranks them by their nearness to the text.
    public func answer(_ question: Question) throws -> TimedAnswer {
        let session = try opened()
        if session.bundle.manifest.task == "sentence-similarity", !question.choices.isEmpty {
            return try search(question, session)
        }
        let timed = try Timing.milliseconds { () -> (Answer, Int) in
            let prepared = try session.bundle.prepare(question)
            let outputs = try prepared.inputs.map(session.runner.run)
            return (try session.bundle.finish(prepared, outputs), outputs.count)
        }
        let presentation = Presentation(timed.result.0, text: question.text)
        return TimedAnswer(presentation: presentation, milliseconds: timed.milliseconds, runs: timed.result.1)
    }

    private func search(_ question: Question, _ session: Session) throws -> TimedAnswer {
        let timed = try Timing.milliseconds {
            try question.choices.map { choice -> (String, Double) in
                var pair = question
                (pair.pair, pair.choices) = (choice, [])
                guard case .similarity(let nearness) = try session.answer(pair) else { return (choice, .nan) }
                return (choice, nearness)
            }
        }
        let ranked = timed.result.sorted { $0.1 > $1.1 }
        return TimedAnswer(
            presentation: .ranking(Presentation.bars(ranked)), milliseconds: timed.milliseconds,
            runs: 2 * question.choices.count)
    }

    /// Replays the bundle's golden files on this device.
    public func selfTest() throws -> SelfTestReport { try opened().selfTest() }

    /// Times the model and the tokenizer on a text: `runs` runs after three that warm up.
    public func benchmark(_ question: Question, runs: Int = 30) throws -> BenchmarkReport {
        let session = try opened()
        let prepared = try session.bundle.prepare(question)
        guard let inputs = prepared.inputs.first, let row = prepared.rows.first, runs > 0 else {
            throw Self.nothingToTime
        }
        for _ in 0..<3 { _ = try session.runner.run(inputs) }
        let times = try (0..<runs).map { _ in
            try Timing.milliseconds { try session.runner.run(inputs) }.milliseconds
        }.sorted()
        let strings = 200
        let tokenizing = try Timing.milliseconds {
            for _ in 0..<strings { _ = try session.bundle.tokenizer.encode(question.text, pair: question.pair) }
        }
        return BenchmarkReport(
            tokens: row.count, modelP50Ms: times[times.count / 2],
            modelP95Ms: times[min(times.count * 95 / 100, times.count - 1)],
            tokenizerStringsPerSecond: Double(strings) / tokenizing.milliseconds * 1000)
    }

    private static let nothingToTime = InputError(.emptyText, "There is nothing to time.", hint: "Type a text first.")
}
