/// What a bundle answers, in the form of Hugging Face's pipelines; places are in Unicode scalars of the text.
public enum Answer: Sendable, Equatable {
    /// text-classification and multiple-choice: labels, or choices, best first.
    case labels([LabelScore])
    /// A reranker's documents, best first.
    case ranking([RankedDocument])
    /// token-classification without aggregation.
    case tokens([TokenLabel])
    case entities([Entity])
    case intent(Intent)
    case spans([AnswerSpan])
    /// fill-mask: the tokens for each mask of the text.
    case fills([[Fill]])
    /// feature-extraction: a vector for each token.
    case hiddenStates([[Double]])
    /// sentence-similarity: the vector of one text, or how near two texts are.
    case embedding([Double])
    case similarity(Double)

    public struct LabelScore: Sendable, Equatable {
        public let label: String
        public let score: Double
    }

    public struct RankedDocument: Sendable, Equatable {
        public let index: Int
        public let score: Double
        public let text: String
    }

    public struct TokenLabel: Sendable, Equatable {
        public let label: String
        public let score: Double
        public let index: Int
        public let word: String
        public let range: Range<Int>
    }

    public struct Entity: Sendable, Equatable {
        public let group: String
        public let score: Double
        public let word: String
        public let range: Range<Int>

        public init(group: String, score: Double, word: String, range: Range<Int>) {
            self.group = group
            self.score = score
            self.word = word
            self.range = range
        }
    }

    public struct Intent: Sendable, Equatable {
        public let intent: String
        public let score: Double
        public let slots: [Entity]
    }

    public struct AnswerSpan: Sendable, Equatable {
        public let score: Double
        /// Of the context.
        public let range: Range<Int>
        public let answer: String
    }

    public struct Fill: Sendable, Equatable {
        public let score: Double
        public let token: Int
        public let text: String
        /// The whole text with the mask filled.
        public let sequence: String
    }
}

extension Answer {
    /// The answer as `edgelm run --json` prints it.
    public var json: JSON {
        switch self {
        case .labels(let labels):
            return .array(labels.map { ["label": .string($0.label), "score": .double($0.score)] })
        case .ranking(let documents):
            return .array(
                documents.map {
                    ["index": .int($0.index), "score": .double($0.score), "text": .string($0.text)]
                })
        case .tokens(let tokens): return .array(tokens.map(\.json))
        case .entities(let entities): return .array(entities.map(\.json))
        case .intent(let found):
            let slots = JSON.array(found.slots.map(\.json))
            return ["intent": .string(found.intent), "score": .double(found.score), "slots": slots]
        case .spans(let spans): return .array(spans.map(\.json))
        case .fills(let masks):
            let lists = masks.map { JSON.array($0.map(\.json)) }
            return lists.count == 1 ? lists[0] : .array(lists)
        case .hiddenStates(let rows): return .array(rows.map { .array($0.map(JSON.double)) })
        case .embedding(let vector): return .array(vector.map(JSON.double))
        case .similarity(let value): return ["similarity": .double(value)]
        }
    }
}

extension Answer.TokenLabel {
    fileprivate var json: JSON {
        [
            "entity": .string(label), "score": .double(score), "index": .int(index), "word": .string(word),
            "start": .int(range.lowerBound), "end": .int(range.upperBound),
        ]
    }
}

extension Answer.Entity {
    fileprivate var json: JSON {
        [
            "entity_group": .string(group), "score": .double(score), "word": .string(word),
            "start": .int(range.lowerBound), "end": .int(range.upperBound),
        ]
    }
}

extension Answer.AnswerSpan {
    fileprivate var json: JSON {
        [
            "score": .double(score), "start": .int(range.lowerBound), "end": .int(range.upperBound),
            "answer": .string(answer),
        ]
    }
}

extension Answer.Fill {
    fileprivate var json: JSON {
        ["score": .double(score), "token": .int(token), "token_str": .string(text), "sequence": .string(sequence)]
    }
}
