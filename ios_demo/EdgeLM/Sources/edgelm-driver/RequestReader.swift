import EdgeLM
import Foundation

/// A request that is not of the protocol's form.
struct RequestError: Error {
    let message: String

    init(_ message: String) { self.message = message }
}

/// The fields of a request, with their types checked.
struct RequestReader {
    let json: JSON

    init(_ json: JSON) throws {
        guard json.members != nil else { throw RequestError("A request is a JSON object.") }
        self.json = json
    }

    private func optional(_ key: String) -> JSON? { json[key].flatMap { $0.isNull ? nil : $0 } }

    private func get<T>(_ key: String, _ fallback: T?, _ read: (JSON) -> T?) throws -> T {
        guard let value = optional(key) else {
            guard let fallback else { throw RequestError("The request has no '\(key)'.") }
            return fallback
        }
        guard let found = read(value) else { throw RequestError("The request has no valid '\(key)'.") }
        return found
    }

    func string(_ key: String) throws -> String { try get(key, nil, \.string) }
    func path(_ key: String) throws -> String {
        try get(key, nil) { json in json.string.flatMap { $0.utf8.contains(0) ? nil : $0 } }
    }
    func int(_ key: String, default fallback: Int? = nil) throws -> Int { try get(key, fallback, \.int) }
    func bool(_ key: String, default fallback: Bool) throws -> Bool { try get(key, fallback, \.bool) }
    func array(_ key: String, default fallback: [JSON]? = nil) throws -> [JSON] { try get(key, fallback, \.array) }
    func count(_ key: String) throws -> Int {
        try get(key, nil) { json in json.int.flatMap { $0 >= 0 ? $0 : nil } }
    }

    /// A text; InputError where it has half of a character.
    func text(_ key: String) throws -> String { try Self.text(try get(key, nil) { $0 }, key) }

    func optionalText(_ key: String) throws -> String? { try optional(key).map { try Self.text($0, key) } }

    static func text(_ json: JSON, _ key: String) throws -> String {
        if case .brokenString = json {
            throw InputError(
                .invalidUnicode, "The text is not valid Unicode.", hint: "Is it in another encoding than UTF-8?")
        }
        guard let text = json.string else { throw RequestError("The request has no valid '\(key)'.") }
        return text
    }

    func question() throws -> Question {
        let reader = try RequestReader(get("question", nil) { $0 })
        let name = try reader.optional("aggregation") == nil ? "simple" : reader.string("aggregation")
        guard let aggregation = Aggregation(rawValue: name) else {
            throw RequestError("There is no aggregation '\(name)'.")
        }
        return Question(
            try reader.text("text"), pair: try reader.optionalText("pair"),
            choices: try reader.array("choices", default: []).map { try Self.text($0, "choices") },
            topK: reader.optional("top_k") == nil ? nil : try reader.int("top_k"), aggregation: aggregation,
            truncate: try reader.bool("truncate", default: false), prompt: try reader.optionalText("prompt"))
    }

    /// `outputs` of one run: float32 in base64.
    func outputs() throws -> [String: Tensor] {
        try Self.tensors(get("outputs", nil) { $0 })
    }

    /// `outputs` of every row.
    func outputsOfRows() throws -> [[String: Tensor]] { try array("outputs").map(Self.tensors) }

    private static func tensors(_ json: JSON) throws -> [String: Tensor] {
        var tensors: [String: Tensor] = [:]
        guard let members = json.members else { throw RequestError("The request has no valid 'outputs'.") }
        for member in members {
            let reader = try RequestReader(member.value)
            let shape = try reader.array("shape").compactMap(\.int)
            guard let bytes = Data(base64Encoded: try reader.string("data")),
                let tensor = Tensor(shape: shape, dtype: "float32", bytes: bytes)
            else { throw RequestError("The output '\(member.key)' is not as long as its shape.") }
            tensors[member.key] = tensor
        }
        return tensors
    }
}
