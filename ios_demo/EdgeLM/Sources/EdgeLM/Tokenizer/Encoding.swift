/// A text, or a pair of texts, as a model reads it: one entry a token in each list.
public struct Encoding: Sendable, Equatable {
    public internal(set) var ids: [Int] = []
    /// 0 for the first text, 1 for the second, where the tokenizer tells them apart.
    public internal(set) var typeIDs: [Int] = []
    public internal(set) var tokens: [String] = []
    /// The places of a token in its own text, in Unicode scalars; `String.range(ofScalars:)` makes a string's range of it.
    public internal(set) var offsets: [Range<Int>] = []
    /// The word that a token belongs to, counted in its own text; nil for special tokens.
    public internal(set) var wordIDs: [Int?] = []
    /// 1 for tokens that the tokenizer put around the text.
    public internal(set) var specialTokensMask: [Int] = []
    /// The tokens of each text, by its number.
    var sequences: [Sequence] = []
    /// A further part of a text that was cut into windows.
    var isOverflow = false

    struct Sequence: Sendable, Equatable {
        var id: Int
        var range: Range<Int>
    }

    public var count: Int { ids.count }

    /// All 1: nothing is padded here.
    public var attentionMask: [Int] { Array(repeating: 1, count: count) }

    /// Which of the texts a token is of; nil for special tokens.
    public var sequenceIDs: [Int?] {
        var found = [Int?](repeating: nil, count: count)
        for id in 0..<max(sequences.count, 1) {
            let range = sequences.first { $0.id == id }?.range ?? 0..<count
            for i in range { found[i] = id }
        }
        return found
    }

    mutating func setSequence(_ id: Int) {
        sequences.removeAll { $0.id == id }
        sequences.append(Sequence(id: id, range: 0..<count))
    }

    mutating func append(_ other: Encoding) {
        for sequence in other.sequences {
            let range = count + sequence.range.lowerBound..<count + sequence.range.upperBound
            sequences.removeAll { $0.id == sequence.id }
            sequences.append(Sequence(id: sequence.id, range: range))
        }
        ids.append(contentsOf: other.ids)
        typeIDs.append(contentsOf: other.typeIDs)
        tokens.append(contentsOf: other.tokens)
        offsets.append(contentsOf: other.offsets)
        wordIDs.append(contentsOf: other.wordIDs)
        specialTokensMask.append(contentsOf: other.specialTokensMask)
    }

    /// The tokens of a range. As in Hugging Face's, it no longer knows which text they are of.
    func part(_ range: Range<Int>) -> Encoding {
        var part = Encoding()
        part.ids = Array(ids[range])
        part.typeIDs = Array(typeIDs[range])
        part.tokens = Array(tokens[range])
        part.offsets = Array(offsets[range])
        part.wordIDs = Array(wordIDs[range])
        part.specialTokensMask = Array(specialTokensMask[range])
        return part
    }

    /// Tokens that are put around a text.
    static func special(_ tokens: [(id: Int, token: String)], typeID: Int) -> Encoding {
        var encoding = Encoding()
        for (id, token) in tokens {
            encoding.ids.append(id)
            encoding.typeIDs.append(typeID)
            encoding.tokens.append(token)
            encoding.offsets.append(0..<0)
            encoding.wordIDs.append(nil)
            encoding.specialTokensMask.append(1)
        }
        return encoding
    }

    /// Where a word of the second text begins and ends, or nil.
    func characters(ofWord word: Int, inSequence id: Int) -> Range<Int>? {
        let range = sequences.first { $0.id == id }?.range ?? 0..<count
        guard let first = range.first(where: { wordIDs[$0] == word }) else { return nil }
        var last = first
        for i in range where (wordIDs[i] ?? -1) <= word { if wordIDs[i] == word { last = i } }
        return offsets[first].lowerBound..<max(offsets[last].upperBound, offsets[first].lowerBound)
    }
}
