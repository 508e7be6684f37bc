/// A bundle ready to answer: its tokenizer, its model in its runtime, its decode rules.
public struct Session {
    public let bundle: ModelBundle
    public let runner: any Runner

    public init(_ bundle: ModelBundle, _ runner: any Runner) {
        self.bundle = bundle
        self.runner = runner
    }

    /// The answer as Hugging Face's pipeline of the bundle's task gives it; InputError where the task does not take the
    /// question.
    public func answer(_ question: Question) throws -> Answer {
        let prepared = try bundle.prepare(question)
        return try bundle.finish(prepared, try prepared.inputs.map(runner.run))
    }
}

/// A question as the model reads it: one row for each time it is to be run.
public struct PreparedQuestion: Sendable {
    public let question: Question
    public let rows: [Encoding]
    /// The model's inputs of each row, [1, tokens].
    public let inputs: [[String: Tensor]]
    let task: BundleTask
}

extension ModelBundle {
    /// What the model is to be run on for a question; each row alone, so that nothing shares a quantization range.
    public func prepare(_ question: Question) throws -> PreparedQuestion {
        let task = try BundleTask(of: question, manifest)
        let texts = try task.texts(question, manifest)
        guard texts.allSatisfy({ !$0.text.isBlank && !($0.pair?.isBlank ?? false) }) else { throw InputError.emptyText }
        let rows =
            try task == .questionAnswering
            ? windows(question.text, question.pair ?? "")
            : texts.map { try fitting($0.text, $0.pair, truncate: question.truncate) }
        return PreparedQuestion(question: question, rows: rows, inputs: try rows.map(inputs), task: task)
    }

    private func windows(_ question: String, _ context: String) throws -> [Encoding] {
        let length = min(manifest.maxLength, try manifest.decode.count("max_seq_length"))
        return try tokenizer.windows(question, context, length: length, docStride: manifest.decode.count("doc_stride"))
    }

    private func fitting(_ text: String, _ pair: String?, truncate: Bool) throws -> Encoding {
        let encoding = try tokenizer.encode(text, pair: pair)
        if encoding.count <= manifest.maxLength { return encoding }
        if truncate { return try tokenizer.cut(text, pair: pair, maxLength: manifest.maxLength) }
        throw InputError(
            .tooLong, "The text has \(encoding.count) tokens; this bundle takes \(manifest.maxLength).",
            hint: "Cut it, or export with a larger --max-length.")
    }

    private func inputs(_ encoding: Encoding) throws -> [String: Tensor] {
        var tensors: [String: Tensor] = [:]
        for spec in manifest.inputs {
            let values: [Int]
            switch spec.name {
            case "input_ids": values = encoding.ids
            case "attention_mask": values = encoding.attentionMask
            case "token_type_ids": values = encoding.typeIDs
            default: throw UnsupportedError(spec.name, "The model's input \(spec.name) is not supported.")
            }
            tensors[spec.name] = try Tensor(shape: [1, encoding.count], integers: values, dtype: spec.dtype)
        }
        return tensors
    }

    /// The answer to a prepared question, of the model's outputs for each of its rows.
    ///
    /// BundleError where the model gives what its manifest does not say.
    public func finish(_ prepared: PreparedQuestion, _ outputs: [[String: Tensor]]) throws -> Answer {
        guard outputs.count == prepared.rows.count else {
            throw BundleError(.damaged, "The model gave \(outputs.count) outputs for \(prepared.rows.count) rows.")
        }
        let found = zip(prepared.rows, outputs).map { Outputs(tensors: $1, tokens: $0.count) }
        return try AnswerDecoder(bundle: self, prepared: prepared, outputs: found).answer()
    }
}

/// The model's outputs for one row, without the batch axis.
struct Outputs {
    let tensors: [String: Tensor]
    let tokens: Int

    private func wrong(_ name: String, _ shape: [Int]?) -> BundleError {
        let what = shape.map { "of shape \($0)" } ?? "nowhere"
        return BundleError(.damaged, "The model gave its output '\(name)' \(what); the manifest says otherwise.")
    }

    private func floats(_ name: String, axes: Int) throws -> (shape: ArraySlice<Int>, values: [Float]) {
        guard let tensor = tensors[name], let values = tensor.floats else { throw wrong(name, tensors[name]?.shape) }
        let shape = tensor.shape.dropFirst()
        guard tensor.shape.first == 1, shape.count == axes, shape.allSatisfy({ $0 > 0 }),
            shape.reduce(1, *) == values.count
        else { throw wrong(name, tensor.shape) }
        return (shape, values)
    }

    /// An output [size]; of any size where none is given.
    func vector(_ name: String, size: Int? = nil) throws -> [Double] {
        let (shape, values) = try floats(name, axes: 1)
        guard size == nil || shape.first == size else { throw wrong(name, tensors[name]?.shape) }
        return values.map(Double.init)
    }

    /// An output [tokens]; what is behind the text's tokens is padding, and cut.
    func byToken(_ name: String) throws -> [Double] {
        let (_, values) = try floats(name, axes: 1)
        guard values.count >= tokens else { throw wrong(name, tensors[name]?.shape) }
        return values.prefix(tokens).map(Double.init)
    }

    /// An output [tokens][size].
    func rows(_ name: String, size: Int? = nil) throws -> [[Double]] {
        let (shape, values) = try floats(name, axes: 2)
        let width = shape.last ?? 0
        guard values.count >= tokens * width, size == nil || width == size else {
            throw wrong(name, tensors[name]?.shape)
        }
        return (0..<tokens).map { values[$0 * width..<($0 + 1) * width].map(Double.init) }
    }
}
