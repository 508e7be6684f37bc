/// Tokens beside the model's vocabulary: special ones such as `[MASK]`, and words that an owner added.
struct AddedTokens: Sendable {
    struct Token: Sendable {
        let content: String
        let isSpecial: Bool
        let isNormalized: Bool
        let stripsLeft: Bool
        let stripsRight: Bool
        let isSingleWord: Bool
        /// What stands for it in a normalized text.
        let normalized: [UInt32]
    }

    private var tokens: [Int: Token] = [:]
    /// Tokens that are looked for in the text as it is, and in the normalized text.
    private var plain: Vocabulary
    private var normalized: Vocabulary
    private var ids: Vocabulary
    /// Contents of special tokens, which decoding leaves out.
    private var special: Vocabulary

    /// Reads `added_tokens`. A token has the model's id if the model knows it, else the next free one, whatever `id` says.
    init(_ entries: [JSON], _ place: String, model: any TokenModel, normalizer: Normalizer?) throws {
        var next = model.size
        ids = try Vocabulary([], place, keepsTexts: false)
        for (i, entry) in entries.enumerated() {
            let fields = try Fields(entry, "\(place): added_tokens[\(i)]")
            _ = try fields.count("id")
            let token = try Self.read(fields, normalizer)
            if token.content.utf8.isEmpty { continue }
            let id = ids.id(of: token.content) ?? model.vocabulary.id(of: token.content)
            ids.insert(token.content, id ?? next)
            tokens[id ?? next] = token
            if id == nil { next += 1 }
        }
        plain = try Vocabulary(tokens.filter { !$1.isNormalized }.map { ($1.content, $0) }, place, keepsTexts: false)
        let rewritten = tokens.filter { $1.isNormalized }.map { (String(codePoints: $1.normalized), $0) }
        normalized = try Vocabulary(rewritten, place, keepsTexts: false)
        special = try Vocabulary(tokens.filter { $1.isSpecial }.map { ($1.content, $0) }, place, keepsTexts: false)
    }

    private static func read(_ fields: Fields, _ normalizer: Normalizer?) throws -> Token {
        let content = try fields.string("content")
        let isNormalized = try fields.bool("normalized")
        var text = AlignedText(original: content.codePoints)
        if isNormalized { normalizer?.apply(to: &text) }
        return Token(
            content: content, isSpecial: try fields.bool("special"), isNormalized: isNormalized,
            stripsLeft: try fields.bool("lstrip"), stripsRight: try fields.bool("rstrip"),
            isSingleWord: try fields.bool("single_word"), normalized: text.points)
    }

    func id(of token: String) -> Int? { ids.id(of: token) }

    /// What decoding reads for an id: a normalized token in its normalized form.
    func text(of id: Int) -> [UInt32]? { tokens[id].map { $0.isNormalized ? $0.normalized : $0.content.codePoints } }

    func isSpecial(_ token: [UInt32]) -> Bool { special.id(of: token) != nil }

    /// Cuts the original text at the added tokens that are not normalized, normalizes what lies between, and cuts that at
    /// the others.
    func extract(from original: AlignedText, _ normalizer: Normalizer?) -> PreTokenized {
        var result = PreTokenized(text: AlignedText(points: [], spans: []), pieces: [])
        for piece in pieces(of: original.points, plain) {
            var text = part(original, piece)
            let start = result.text.points.count
            if piece.added >= 0 {
                result.text.append(text)
                result.pieces.append(
                    PreTokenized.Piece(start: start, end: start + text.points.count, added: piece.added))
                continue
            }
            normalizer?.apply(to: &text)
            for part in pieces(of: text.points, normalized) {
                result.pieces.append(
                    PreTokenized.Piece(start: start + part.start, end: start + part.end, added: part.added))
            }
            if start == 0 { result.text = text } else { result.text.append(text) }
        }
        return result
    }

    private func part(_ text: AlignedText, _ piece: PreTokenized.Piece) -> AlignedText {
        piece.start == 0 && piece.end == text.points.count ? text : text.slice(piece.start..<piece.end)
    }

    /// The leftmost and of these the longest tokens, and what lies between them.
    private func pieces(of points: [UInt32], _ trie: Vocabulary) -> [PreTokenized.Piece] {
        guard !points.isEmpty else { return [] }
        guard trie.count > 0 else { return [PreTokenized.Piece(start: 0, end: points.count)] }
        var pieces: [PreTokenized.Piece] = []
        var last = 0
        var at = 0
        while at < points.count {
            guard let (id, end) = longest(points, at, trie), let token = tokens[id] else {
                at += 1
                continue
            }
            let start = at
            at = end
            if token.isSingleWord, !standsAlone(points, start..<end) { continue }
            let left = token.stripsLeft ? max(spaceStart(points, start, last), last) : start
            let right = token.stripsRight ? spaceEnd(points, end) : end
            if last < left { pieces.append(PreTokenized.Piece(start: last, end: left)) }
            if left < right { pieces.append(PreTokenized.Piece(start: left, end: right, added: id)) }
            last = right
        }
        if last < points.count { pieces.append(PreTokenized.Piece(start: last, end: points.count)) }
        return pieces
    }

    @inline(__always)
    private func longest(_ points: [UInt32], _ start: Int, _ trie: Vocabulary) -> (id: Int, end: Int)? {
        var node = Vocabulary.root
        var found: (id: Int, end: Int)?
        for i in start..<points.count {
            guard let next = trie.child(of: node, points[i]) else { break }
            node = next
            let id = trie.id(at: node)
            if id >= 0 { found = (id, i + 1) }
        }
        return found
    }

    private func standsAlone(_ points: [UInt32], _ range: Range<Int>) -> Bool {
        let tables = UnicodeTables.shared
        let isFree = { (i: Int) in !points.indices.contains(i) || !tables.has(points[i], .addedWord) }
        return isFree(range.lowerBound - 1) && isFree(range.upperBound)
    }

    private func spaceStart(_ points: [UInt32], _ end: Int, _ first: Int) -> Int {
        var start = end
        while start > first, UnicodeTables.shared.has(points[start - 1], .space) { start -= 1 }
        return start
    }

    private func spaceEnd(_ points: [UInt32], _ start: Int) -> Int {
        var end = start
        while end < points.count, UnicodeTables.shared.has(points[end], .space) { end += 1 }
        return end
    }
}
