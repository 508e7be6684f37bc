/// A token of one piece: its id, and the code points of the piece that it stands for.
struct ModelToken {
    let id: Int
    let start: Int
    let end: Int
    /// The token is called by its text, as Unigram's unknown ones are, not by the vocabulary's entry.
    var isText = false
}

/// The part of a tokenizer that makes tokens of words.
protocol TokenModel: Sendable {
    var vocabulary: Vocabulary { get }
    /// The count from which ids of further added tokens go on.
    var size: Int { get }
    /// Appends the tokens of `points[range]`, with places counted from the range's beginning.
    func tokenize(_ points: [UInt32], _ range: Range<Int>, into tokens: inout [ModelToken]) throws
}

extension TokenModel {
    var size: Int { vocabulary.count }
}

/// Reads `model` of a tokenizer.json.
func readModel(_ json: JSON, _ place: String) throws -> any TokenModel {
    let fields = try Fields(json, place)
    switch fields.optional("type")?.string ?? untaggedType(fields) {
    case "WordPiece": return try WordPiece(fields)
    case "BPE": return try BytePairs(fields)
    case "Unigram": return try Unigram(fields)
    case "WordLevel": return try WordLevel(fields)
    case let other: throw UnsupportedError(other, "The tokenizer's model \(other) is not supported.")
    }
}

/// What an old file without a type is, by the fields that it has.
private func untaggedType(_ fields: Fields) -> String {
    if fields.optional("merges") != nil { return "BPE" }
    if fields.optional("max_input_chars_per_word") != nil { return "WordPiece" }
    return fields.optional("vocab")?.array == nil ? "WordLevel" : "Unigram"
}

extension Vocabulary {
    /// Reads `vocab`: an object of ids by token.
    init(_ fields: Fields) throws {
        let entries = try fields.members("vocab").map { member -> (token: String, id: Int) in
            guard let id = member.value.int else { throw fields.damaged("vocab") }
            return (member.key, id)
        }
        try self.init(entries, fields.place)
    }
}

/// The error of a text with a word that a vocabulary without an unknown token cannot say.
func missingUnknown(_ name: String) -> BundleError {
    BundleError(.damaged, "A word is not in the tokenizer's vocabulary, and neither is its unknown token \(name).")
}
