/// Answers of extractive question answering, as Hugging Face's last QuestionAnsweringPipeline found them.
struct SpanFinder {
    struct Candidate {
        let score: Double
        let start: Int
        let end: Int
    }

    let mostTokens: Int
    let count: Int

    /// The best spans inside the context of one window; logits [tokens]. At most `count`, best first.
    func candidates(_ start: [Double], _ end: [Double], _ encoding: Encoding) -> [Candidate] {
        let context = encoding.sequenceIDs.map { $0 == 1 }
        let starts = probabilities(start, context)
        let ends = probabilities(end, context)
        /// Kept sorted: the best first, of equal ones the one that was found first.
        var best: [(score: Double, first: Int, last: Int)] = []
        for first in starts.indices where starts[first] > 0 {
            for last in first..<first + min(mostTokens, ends.count - first) {
                let score = starts[first] * ends[last]
                guard score > 0, best.count < count || score > best[best.count - 1].score else { continue }
                let place = best.firstIndex { $0.score < score } ?? best.count
                best.insert((score, first, last), at: place)
                if best.count > count { best.removeLast() }
            }
        }
        return best.map { found in
            let (begin, end) = (characters(found.first, encoding), characters(found.last, encoding))
            return Candidate(score: found.score, start: begin.lowerBound, end: end.upperBound)
        }
    }

    /// Probabilities over the context and [CLS]; zero outside the context.
    private func probabilities(_ logits: [Double], _ context: [Bool]) -> [Double] {
        let masked = logits.indices.map { context[$0] || $0 == 0 ? logits[$0] : -10000 }
        return zip(Scores.softmax(masked), context).map { $1 ? $0 : 0 }
    }

    /// A token's place, widened to its word where the tokenizer knows words.
    private func characters(_ token: Int, _ encoding: Encoding) -> Range<Int> {
        let word = encoding.wordIDs[token].flatMap { encoding.characters(ofWord: $0, inSequence: 1) }
        return word ?? encoding.offsets[token]
    }

    /// The best answers over all windows. Spans of the same words are one, whose score is the sum of theirs.
    static func best(_ candidates: [Candidate], _ context: String, topK: Int) -> [Answer.AnswerSpan] {
        let text = context.codePoints
        var places: [[UInt32]: Int] = [:]
        var answers: [(first: Candidate, score: Double, words: [UInt32])] = []
        for candidate in candidates {
            let range = candidate.start..<max(candidate.end, candidate.start)
            let words = Array(text[range.clamped(to: text.indices)])
            let key = words.flatMap { UnicodeTables.shared.lower($0) ?? [$0] }
            if let place = places[key] {
                answers[place].score += candidate.score
            } else {
                places[key] = answers.count
                answers.append((candidate, candidate.score, words))
            }
        }
        return Scores.order(answers.map(\.score)).first(topK).map { place in
            let (first, score, words) = answers[place]
            let range = first.start..<max(first.end, first.start)
            return Answer.AnswerSpan(score: score, range: range, answer: String(codePoints: words))
        }
    }
}
