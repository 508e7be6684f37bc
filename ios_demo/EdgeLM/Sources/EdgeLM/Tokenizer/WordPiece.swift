/// WordPiece: the longest piece of the vocabulary first (Wu et al. 2016); a word that cannot be put together is unknown.
struct WordPiece: TokenModel {
    let vocabulary: Vocabulary
    private let unknown: String
    private let mostCharacters: Int
    /// Where the pieces begin that continue a word; nil where there are none.
    private let continuation: UInt32?

    init(_ fields: Fields) throws {
        vocabulary = try Vocabulary(fields)
        unknown = try fields.string("unk_token")
        mostCharacters = try fields.count("max_input_chars_per_word")
        continuation = vocabulary.node(of: try fields.string("continuing_subword_prefix").codePoints)
    }

    func tokenize(_ points: [UInt32], _ range: Range<Int>, into tokens: inout [ModelToken]) throws {
        let first = tokens.count
        var start = range.lowerBound
        while range.count <= mostCharacters, start < range.upperBound {
            let isFirst = start == range.lowerBound
            guard let (id, end) = longest(points, start..<range.upperBound, isFirst: isFirst) else { break }
            tokens.append(ModelToken(id: id, start: start - range.lowerBound, end: end - range.lowerBound))
            start = end
        }
        if start == range.upperBound { return }
        tokens.removeSubrange(first...)
        guard let id = vocabulary.id(of: unknown) else { throw missingUnknown(unknown) }
        tokens.append(ModelToken(id: id, start: 0, end: range.count))
    }

    @inline(__always)
    private func longest(_ points: [UInt32], _ range: Range<Int>, isFirst: Bool) -> (id: Int, end: Int)? {
        guard var node = isFirst ? Vocabulary.root : continuation else { return nil }
        var found: (id: Int, end: Int)?
        for i in range {
            guard let next = vocabulary.child(of: node, points[i]) else { break }
            node = next
            let id = vocabulary.id(at: node)
            if id >= 0 { found = (id, i + 1) }
        }
        return found
    }
}

/// Whole words of a list, or the unknown token.
struct WordLevel: TokenModel {
    let vocabulary: Vocabulary
    private let unknown: String

    init(_ fields: Fields) throws {
        vocabulary = try Vocabulary(fields)
        unknown = try fields.string("unk_token")
    }

    func tokenize(_ points: [UInt32], _ range: Range<Int>, into tokens: inout [ModelToken]) throws {
        guard let id = vocabulary.id(of: points[range]) ?? vocabulary.id(of: unknown) else {
            throw missingUnknown(unknown)
        }
        tokens.append(ModelToken(id: id, start: 0, end: range.count))
    }
}
