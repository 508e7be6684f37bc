/// `edgelm.json`: what a bundle holds, and how its model's outputs become answers.
public struct Manifest: Sendable {
    static let file = "edgelm.json"
    static let schemaVersion = 1
    /// What every reader of a manifest relies on.
    private static let keys = [
        "model", "task", "labels", "target", "precision", "scheme", "rewrites", "max_length", "lengths", "artifact",
        "tokenizer", "decode", "source", "files",
    ]

    public struct TensorSpec: Sendable {
        public let name: String
        public let dtype: String
        /// Sizes; nil for one that has a name, as the batch and the length.
        public let shape: [Int?]
        /// Whether the second axis is the text's tokens.
        public let isByToken: Bool
    }

    public struct File: Sendable {
        public let sha256: String
        public let bytes: Int
    }

    /// Texts that are put before every text, by their names, and which of them is the default.
    public struct Prompts: Sendable {
        public let texts: [(name: String, text: String)]
        public let defaultName: String?
    }

    public let task: String
    public let model: String
    public let target: String
    public let precision: String
    public let labels: [String]
    public let slotLabels: [String]
    public let maxLength: Int
    /// The only lengths that the model takes, ascending; empty where it takes any up to the longest.
    public let lengths: [Int]
    public let inputs: [TensorSpec]
    public let outputs: [TensorSpec]
    /// The names of the signatures of a model with fixed lengths.
    public let signatures: [Int: String]
    /// The files of the model.
    public let modelFiles: [String]
    /// Special tokens by their role.
    public let specialTokens: [String: String]
    public let prompts: Prompts
    public let files: [(name: String, file: File)]
    let decode: Fields

    init(_ json: JSON, _ place: String) throws {
        let fields = try Fields(json, place)
        if case .int(let version)? = json["schema_version"], version > Self.schemaVersion {
            throw BundleError(
                .newerSchema, "\(place) has schema version \(version); this EdgeLM reads \(Self.schemaVersion).",
                hint: "Update EdgeLM.")
        }
        guard json["schema_version"]?.int == Self.schemaVersion else { throw fields.damaged("schema_version") }
        if let absent = Self.keys.first(where: { json[$0] == nil }) {
            throw BundleError(.damaged, "\(place) has no '\(absent)'; it is damaged.")
        }
        task = try fields.string("task")
        model = try fields.string("model")
        target = try fields.string("target")
        precision = try fields.string("precision")
        labels = try fields.strings("labels")
        slotLabels = fields.optional("slot_labels") == nil ? [] : try fields.strings("slot_labels")
        maxLength = try fields.count("max_length")
        lengths = try fields.array("lengths").map { length in
            guard let length = length.int, length > 0 else { throw fields.damaged("lengths") }
            return length
        }
        let artifact = try fields.object("artifact")
        inputs = try Self.specs(artifact, "inputs")
        outputs = try Self.specs(artifact, "outputs")
        modelFiles = try artifact.strings("files")
        let names = artifact.optional("details")?["signatures"]?.members ?? []
        signatures = Dictionary(names.compactMap { name in name.value.int.map { ($0, name.key) } }) { first, _ in first
        }
        let tokenizer = try fields.object("tokenizer")
        let special = try tokenizer.members("special_tokens").map { member -> (String, String) in
            guard let token = member.value.string else { throw tokenizer.damaged("special_tokens") }
            return (member.key, token)
        }
        specialTokens = Dictionary(special) { _, last in last }
        prompts = try Self.prompts(fields)
        files = try Self.files(fields)
        decode = try fields.object("decode")
    }

    private static func specs(_ fields: Fields, _ key: String) throws -> [TensorSpec] {
        try fields.array(key).map { json in
            let spec = try Fields(json, "\(fields.place): \(key)")
            let shape = try spec.array("shape")
            return TensorSpec(
                name: try spec.string("name"), dtype: try spec.string("dtype", default: "int32"),
                shape: shape.map(\.int),
                isByToken: shape.count > 1 && shape[1].string == "length")
        }
    }

    private static func prompts(_ fields: Fields) throws -> Prompts {
        guard fields.optional("prompts") != nil else { return Prompts(texts: [], defaultName: nil) }
        let prompts = try fields.object("prompts")
        let texts = try prompts.members("texts").map { member -> (name: String, text: String) in
            guard let text = member.value.string else { throw prompts.damaged("texts") }
            return (member.key, text)
        }
        let name = prompts.optional("default") == nil ? nil : try prompts.string("default")
        return Prompts(texts: texts, defaultName: name)
    }

    private static func files(_ fields: Fields) throws -> [(name: String, file: File)] {
        try fields.members("files").map { member in
            let entry = try Fields(member.value, "\(fields.place): files: \(member.key)")
            let parts = member.key.split(separator: "/", omittingEmptySubsequences: false)
            // A name that leads out of the bundle would let a manifest read an app's other files.
            let isInside = !parts.contains("") && !parts.contains("..") && !parts.contains(".")
            guard isInside, member.key.utf8.allSatisfy({ $0 >= 0x20 }) else { throw fields.damaged("files") }
            return (member.key, File(sha256: try entry.string("sha256"), bytes: try entry.count("bytes")))
        }
    }
}
