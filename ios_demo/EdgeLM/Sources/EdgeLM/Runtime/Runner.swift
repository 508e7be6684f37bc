/// A model in its runtime: named tensors in, named tensors out, with a batch of one as their first axis.
public protocol Runner {
    func run(_ inputs: [String: Tensor]) throws -> [String: Tensor]
}

/// Runs a model that takes only some lengths: pads a text to the smallest that fits, and cuts its outputs back.
public struct PaddedRunner: Runner {
    private let runner: any Runner
    private let lengths: [Int]
    private let padID: Int
    private let byToken: Set<String>

    /// `lengths` are what the runtime's model takes; by default the bundle's own. With none, inputs pass as they are.
    public init(_ runner: any Runner, _ bundle: ModelBundle, lengths: [Int]? = nil) {
        self.runner = runner
        self.lengths = (lengths ?? bundle.manifest.lengths).sorted()
        padID = bundle.tokenizer.specialIDs["pad"] ?? 0
        byToken = Set(bundle.manifest.outputs.filter(\.isByToken).map(\.name))
    }

    public func run(_ inputs: [String: Tensor]) throws -> [String: Tensor] {
        let length = inputs.values.first?.shape.dropFirst().first ?? 0
        guard let largest = lengths.last else { return try runner.run(inputs) }
        guard let fitting = lengths.first(where: { $0 >= length }) else {
            throw InputError(.tooLong, "The text has \(length) tokens; this model takes \(largest).")
        }
        let padded = Dictionary(
            uniqueKeysWithValues: inputs.map { name, tensor in
                (name, tensor.resized(to: fitting, padding: name == "input_ids" ? padID : 0))
            })
        var outputs = try runner.run(padded)
        for name in byToken { outputs[name] = outputs[name]?.resized(to: length) }
        return outputs
    }
}
