import EdgeLM
import Foundation

/// The bundles that an app carries: each a folder with an `edgelm.json`.
public struct BundleCatalog: Sendable, Equatable {
    public struct Entry: Sendable, Equatable, Identifiable {
        /// The folder's name.
        public let id: String
        public let url: URL
    }

    public let entries: [Entry]

    /// The bundles in a folder, by their names; none where there is no such folder.
    public init(in folder: URL) {
        let found = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        entries = (found ?? [])
            .filter { FileManager.default.fileExists(atPath: $0.appendingPathComponent("edgelm.json").path) }
            .map { Entry(id: $0.lastPathComponent, url: $0) }
            .sorted { $0.id < $1.id }
    }
}

/// What a screen asks for, by the bundle's task.
public struct TaskForm: Sendable, Equatable {
    public let title: String
    /// The label of the second text; nil where the task takes none.
    public let pair: String?
    /// The label of a list of texts, one a line; nil where the task takes none.
    public let list: String?
    public let example: Question

    public init(task: String, isReranker: Bool) {
        let kind = isReranker ? "reranker" : task
        self = Self.forms[kind] ?? TaskForm("Text", example: Question("Type or paste a text."))
    }

    private init(_ title: String, pair: String? = nil, list: String? = nil, example: Question) {
        self.title = title
        self.pair = pair
        self.list = list
        self.example = example
    }

    private static let forms: [String: TaskForm] = [
        "text-classification": TaskForm(
            "Labels", pair: "Second text (if the model takes pairs)",
            example: Question("The battery died after three weeks.")),
        "reranker": TaskForm(
            "Ranking", list: "Documents, one a line",
            example: Question("who wrote it?", choices: ["a novel by Harper Lee", "a whale"])),
        "token-classification": TaskForm("Entities", example: Question("Angela Merkel was born in Hamburg.")),
        "intent-and-slots": TaskForm("Intent", example: Question("play something by Nina Simone")),
        "question-answering": TaskForm(
            "Answer", pair: "Context", example: Question("Who wrote it?", pair: "It was written by Harper Lee in 1960.")
        ),
        "multiple-choice": TaskForm(
            "Choice", list: "Choices, one a line",
            example: Question("It began to rain.", choices: ["She ran inside.", "She slept."])),
        "fill-mask": TaskForm("Words for the mask", example: Question("Paris is the [MASK] of France.")),
        "feature-extraction": TaskForm("Vectors", example: Question("Every token has a vector.")),
        "sentence-similarity": TaskForm(
            "Similarity", list: "Texts to search, one a line",
            example: Question(
                "The battery is empty.",
                choices: ["My phone needs charging.", "The weather is fine.", "手机没电了。"])),
    ]
}
