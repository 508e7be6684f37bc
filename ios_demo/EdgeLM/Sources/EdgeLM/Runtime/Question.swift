/// What is asked of a bundle: a text, and what its task needs beside it.
public struct Question: Sendable, Equatable {
    public var text: String
    /// The second text of a pair; the context of a question.
    public var pair: String?
    /// What may follow the text; the documents that are ranked by it.
    public var choices: [String]
    public var topK: Int?
    public var aggregation: Aggregation
    /// Cut a text that is too long, in place of an InputError.
    public var truncate: Bool
    /// The name of the bundle's prompt that is put before each text; nil: its default, if it has one.
    public var prompt: String?

    public init(
        _ text: String, pair: String? = nil, choices: [String] = [], topK: Int? = nil,
        aggregation: Aggregation = .simple,
        truncate: Bool = false, prompt: String? = nil
    ) {
        self.text = text
        self.pair = pair
        self.choices = choices
        self.topK = topK
        self.aggregation = aggregation
        self.truncate = truncate
        self.prompt = prompt
    }
}

/// The tasks of bundles, and what each takes beside a text.
enum BundleTask: String {
    case textClassification = "text-classification"
    case ranking
    case tokenClassification = "token-classification"
    case intentAndSlots = "intent-and-slots"
    case questionAnswering = "question-answering"
    case multipleChoice = "multiple-choice"
    case fillMask = "fill-mask"
    case featureExtraction = "feature-extraction"
    case sentenceSimilarity = "sentence-similarity"

    private enum Part: String {
        case pair = "second text"
        case choices = "choices"
        case topK = "top-k"
        case prompt = "prompt"
    }

    private var takes: Set<Part> {
        switch self {
        case .textClassification, .questionAnswering, .fillMask: return [.pair, .topK]
        case .ranking: return [.pair, .choices, .topK]
        case .tokenClassification, .intentAndSlots: return []
        case .multipleChoice: return [.choices, .topK]
        case .featureExtraction: return [.pair]
        case .sentenceSimilarity: return [.pair, .prompt]
        }
    }

    /// How a question is answered: a bundle that scores pairs ranks the documents that it is given.
    init(of question: Question, _ manifest: Manifest) throws {
        guard let task = BundleTask(rawValue: manifest.task), task != .ranking else {
            throw UnsupportedError(manifest.task, "The task \(manifest.task) is not supported.")
        }
        self = task == .textClassification && manifest.labels.count == 1 && !question.choices.isEmpty ? .ranking : task
    }

    /// The texts to be tokenized for a question, each with its pair; InputError where the task does not take what is asked.
    func texts(_ question: Question, _ manifest: Manifest) throws -> [(text: String, pair: String?)] {
        let given: [(Part, Bool)] = [
            (.pair, question.pair != nil), (.choices, !question.choices.isEmpty), (.topK, question.topK != nil),
            (.prompt, question.prompt != nil),
        ]
        if let (surplus, _) = given.first(where: { $1 && !takes.contains($0) }) {
            throw InputError(.notTaken, "\(manifest.task) takes no \(surplus.rawValue).")
        }
        switch self {
        case .textClassification, .tokenClassification, .intentAndSlots, .fillMask, .featureExtraction:
            return [(question.text, question.pair)]
        case .questionAnswering:
            guard let context = question.pair else {
                throw InputError(
                    .missingContext, "question-answering needs a context.", hint: "Give it as the second text.")
            }
            return [(question.text, context)]
        case .multipleChoice:
            guard question.choices.count >= 2 else {
                throw InputError(.tooFewChoices, "multiple-choice needs at least two choices.")
            }
            return question.choices.map { (question.text, $0) }
        case .ranking:
            guard question.pair == nil else {
                throw InputError(.notTaken, "Documents are ranked by one text.", hint: "Leave the second text out.")
            }
            return question.choices.map { (question.text, $0) }
        case .sentenceSimilarity:
            let prompt = try Self.prompt(question, manifest)
            // A blank text stays one, to be refused as such.
            return [question.text, question.pair].compactMap { $0 }.map { ($0.isBlank ? $0 : prompt + $0, nil) }
        }
    }

    private static func prompt(_ question: Question, _ manifest: Manifest) throws -> String {
        guard let name = question.prompt ?? manifest.prompts.defaultName else { return "" }
        guard let found = manifest.prompts.texts.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
            let names = manifest.prompts.texts.map(\.name).joined(separator: ", ")
            throw InputError(
                .unknownPrompt, "The bundle has no prompt '\(name.prefix(60))'.",
                hint: "There are: \(names.isEmpty ? "none" : names).")
        }
        return found.text
    }
}

extension String {
    /// Nothing but white space, as Python's `str.strip` has it.
    var isBlank: Bool {
        unicodeScalars.allSatisfy { (0x1C...0x1F).contains($0.value) || UnicodeTables.shared.has($0.value, .space) }
    }
}
