/// `golden/`: a few texts with the model's inputs for them and the outputs that are expected of it.
struct Golden {
    struct Case {
        let texts: [String]
        let inputs: [String: Tensor]
        let outputs: [String: Tensor]

        /// The model's input length.
        var length: Int { inputs["input_ids"]?.shape.dropFirst().first ?? 0 }

        /// The ids of the text, without padding.
        var ids: [Int] {
            let ids = inputs["input_ids"]?.integers ?? []
            guard let mask = inputs["attention_mask"]?.integers, mask.count == ids.count else { return ids }
            return zip(ids, mask).filter { $1 != 0 }.map { $0.0 }
        }
    }

    static let file = "golden/golden.json"

    let tolerance: Tolerance
    let cases: [Case]

    /// BundleError where a file is missing, or not as long as it is said to be.
    init(_ files: any BundleFiles) throws {
        let fields = try Fields(ModelBundle.json(files, Self.file), "\(files.name)/\(Self.file)")
        tolerance = try Tolerance(fields.object("tolerance"))
        cases = try fields.array("cases").enumerated().map { place, json in
            let entry = try Fields(json, "\(fields.place): cases[\(place)]")
            let texts = try entry.strings("texts")
            guard (1...2).contains(texts.count) else { throw entry.damaged("texts") }
            return Case(
                texts: texts, inputs: try Self.tensors(entry, "inputs", files),
                outputs: try Self.tensors(entry, "outputs", files))
        }
    }

    private static func tensors(_ fields: Fields, _ key: String, _ files: any BundleFiles) throws -> [String: Tensor] {
        var tensors: [String: Tensor] = [:]
        for member in try fields.members(key) {
            let entry = try Fields(member.value, "\(fields.place): \(key): \(member.key)")
            let shape = try entry.array("shape").compactMap(\.int)
            // Only the name counts: a path would let a golden file read an app's other files.
            let name = try entry.string("file").split(separator: "/").last.map(String.init) ?? ""
            let bytes = try ModelBundle.read(files, "golden/\(name)")
            guard try shape.count == entry.array("shape").count,
                let tensor = Tensor(shape: shape, dtype: try entry.string("dtype"), bytes: bytes)
            else { throw entry.damaged("shape") }
            tensors[member.key] = tensor
        }
        return tensors
    }
}

/// Limits on the difference between two runs; nil leaves a measure without limit.
///
/// `maxAbs` and `meanAbs` are in units of the reference's largest magnitude where that exceeds one.
struct Tolerance {
    let maxAbs: Double?
    let meanAbs: Double?
    let minCosine: Double?
    let minSQNR: Double?
    let minTop1: Double?

    init(_ fields: Fields) throws {
        func limit(_ key: String) throws -> Double? {
            guard let value = fields.optional(key) else { return nil }
            guard let number = value.double else { throw fields.damaged(key) }
            return number
        }
        maxAbs = try limit("max_abs")
        meanAbs = try limit("mean_abs")
        minCosine = try limit("min_cosine")
        minSQNR = try limit("min_sqnr_db")
        minTop1 = try limit("min_top1")
    }
}
