/// The model's outputs as the answer of each task.
struct AnswerDecoder {
    let bundle: ModelBundle
    let prepared: PreparedQuestion
    let outputs: [Outputs]

    private var manifest: Manifest { bundle.manifest }
    private var question: Question { prepared.question }

    func answer() throws -> Answer {
        switch prepared.task {
        case .textClassification: return .labels(try labels("logits", question.topK))
        case .ranking: return try ranking()
        case .tokenClassification:
            return try entities("logits", manifest.labels, manifest.decode, question.aggregation)
        case .intentAndSlots: return try intent()
        case .questionAnswering: return try spans()
        case .multipleChoice:
            let logits = try outputs.map { try $0.vector("logits", size: 1)[0] }
            return .labels(best(question.choices, Scores.softmax(logits), question.topK))
        case .fillMask: return try fills()
        case .featureExtraction: return .hiddenStates(try outputs[0].rows("last_hidden_state"))
        case .sentenceSimilarity:
            let vectors = try outputs.map { try $0.vector("sentence_embedding") }
            return vectors.count == 1 ? .embedding(vectors[0]) : .similarity(Scores.cosine(vectors[0], vectors[1]))
        }
    }

    private func labels(_ name: String, _ topK: Int?) throws -> [Answer.LabelScore] {
        let logits = try outputs[0].vector(name, size: manifest.labels.count)
        return best(manifest.labels, try Scores.activate(logits, manifest.decode), topK)
    }

    private func best(_ labels: [String], _ scores: [Double], _ topK: Int?) -> [Answer.LabelScore] {
        Scores.order(scores).first(topK).map { Answer.LabelScore(label: labels[$0], score: scores[$0]) }
    }

    private func ranking() throws -> Answer {
        let logits = try outputs.map { try $0.vector("logits", size: 1)[0] }
        let scores = try Scores.activate(logits, manifest.decode)
        return .ranking(
            Scores.order(scores).first(question.topK).map {
                Answer.RankedDocument(index: $0, score: scores[$0], text: question.choices[$0])
            })
    }

    private func entities(
        _ name: String, _ labels: [String], _ rules: Fields, _ aggregation: Aggregation
    ) throws -> Answer {
        let decoder = try EntityDecoder(
            prepared.rows[0], question.text, labels, rules, unknownID: bundle.tokenizer.specialIDs["unk"])
        return decoder.decode(try outputs[0].rows(name, size: labels.count), aggregation)
    }

    /// The best intent, and as slots the entities by the label of each word's first token, which alone is trained.
    private func intent() throws -> Answer {
        let best = try labels("intent_logits", 1)
        let slots = try entities("slot_logits", manifest.slotLabels, manifest.decode.object("slots"), .first)
        guard let intent = best.first, case .entities(let found) = slots else {
            throw BundleError(.damaged, "The bundle has no intents; it is damaged.")
        }
        return .intent(Answer.Intent(intent: intent.label, score: intent.score, slots: found))
    }

    private func spans() throws -> Answer {
        let topK = question.topK.flatMap { $0 == 0 ? nil : $0 } ?? 1
        // Several of them may be spans of the same words; no text has as many as a million.
        let count = 2 * min(max(topK, 0), 1 << 20) + 10
        let finder = SpanFinder(mostTokens: try manifest.decode.count("max_answer_length"), count: count)
        let candidates = try zip(prepared.rows, outputs).flatMap { row, found in
            try finder.candidates(found.byToken("start_logits"), found.byToken("end_logits"), row)
        }
        return .spans(SpanFinder.best(candidates, question.pair ?? "", topK: topK))
    }

    private func fills() throws -> Answer {
        let ids = prepared.rows[0].ids
        let mask = bundle.tokenizer.specialIDs["mask"]
        let places = ids.indices.filter { ids[$0] == mask }
        guard !places.isEmpty else {
            throw InputError(.noMask, "The text has no \(bundle.tokenizer.specialTokens["mask"] ?? "mask") to fill.")
        }
        let logits = try outputs[0].rows("logits")
        let topK = question.topK.flatMap { $0 == 0 ? nil : $0 } ?? 5
        let pad = bundle.tokenizer.specialIDs["pad"]
        return .fills(
            places.map { place in
                let scores = Scores.softmax(logits[place])
                return Scores.order(scores).first(topK).map { token in
                    var filled = ids
                    filled[place] = token
                    // Of a text with several masks the others must be seen.
                    let kept = filled.count > 1 ? filled.filter { $0 != pad } : filled
                    let isShort = filled.count > 1 && places.count == 1
                    let sequence = bundle.tokenizer.decode(kept, skipSpecialTokens: isShort)
                    let text = bundle.tokenizer.decode([token], skipSpecialTokens: false)
                    return Answer.Fill(score: scores[token], token: token, text: text, sequence: sequence)
                }
            })
    }
}
