/// Byte-pair encoding (Sennrich et al. 2016): the pair that was merged earliest in training first, of equal ones the left.
struct BytePairs: TokenModel {
    let vocabulary: Vocabulary
    private let merges: PairTable
    private let unknown: String?
    private let prefix: [UInt32]
    private let suffix: [UInt32]
    private let fusesUnknown: Bool
    private let ignoresMerges: Bool
    /// The ids of `<0x00>` to `<0xFF>`, for characters that the vocabulary has not; empty without byte fallback.
    private let byteIDs: [Int?]

    init(_ fields: Fields) throws {
        if let dropout = fields.optional("dropout")?.double, dropout != 0 {
            throw UnsupportedError(
                "dropout", "A tokenizer with dropout is not supported: its answers change by chance.")
        }
        let vocabulary = try Vocabulary(fields)
        self.vocabulary = vocabulary
        prefix = try fields.string("continuing_subword_prefix", default: "").codePoints
        suffix = try fields.string("end_of_word_suffix", default: "").codePoints
        unknown = fields.optional("unk_token") == nil ? nil : try fields.string("unk_token")
        fusesUnknown = try fields.bool("fuse_unk", default: false)
        ignoresMerges = try fields.bool("ignore_merges", default: false)
        byteIDs = try fields.bool("byte_fallback", default: false) ? vocabulary.byteIDs : []
        merges = try Self.readMerges(fields, vocabulary, prefix)
    }

    private static func readMerges(_ fields: Fields, _ vocabulary: Vocabulary, _ prefix: [UInt32]) throws -> PairTable {
        let lines = try fields.array("merges")
        var table = PairTable(capacity: lines.count)
        var rank = 0
        for line in lines {
            let pair: [[UInt32]]
            if let text = line.string {
                if text.hasPrefix("#version") { continue }
                pair = text.codePoints.split(separator: 0x20, omittingEmptySubsequences: false).map(Array.init)
            } else {
                pair = (line.array ?? []).compactMap { $0.string?.codePoints }
            }
            guard pair.count == 2, let left = vocabulary.id(of: pair[0]), let right = vocabulary.id(of: pair[1]),
                let merged = vocabulary.id(of: pair[0] + pair[1].dropFirst(prefix.count))
            else { throw fields.damaged("merges") }
            table.insert(left, right, rank: rank, merged: merged)
            rank += 1
        }
        return table
    }

    func tokenize(_ points: [UInt32], _ range: Range<Int>, into tokens: inout [ModelToken]) throws {
        if ignoresMerges, let id = vocabulary.id(of: points[range]) {
            tokens.append(ModelToken(id: id, start: 0, end: range.count))
            return
        }
        var word = try symbols(points, range)
        word.merge(merges)
        word.forEachToken { id, bytes in
            tokens.append(ModelToken(id: id, start: bytes.lowerBound, end: bytes.upperBound))
        }
        if word.isASCII { return }
        Self.countPoints(points, range, &tokens[(tokens.count - word.tokenCount)...])
    }

    /// The characters of a word as symbols, with their lengths in bytes: byte fallback makes several of one.
    private func symbols(_ points: [UInt32], _ range: Range<Int>) throws -> SymbolList {
        var word = SymbolList(capacity: range.count)
        /// An unknown character that others may be fused with.
        var pending: (id: Int, length: Int)?
        for i in range {
            let length = utf8Length(points[i])
            let (isFirst, isLast) = (i == range.lowerBound, i == range.upperBound - 1)
            if length > 1 { word.isASCII = false }
            if let id = id(points[i], isFirst: isFirst, isLast: isLast) {
                if let unknown = pending { word.append(unknown.id, length: unknown.length) }
                pending = nil
                word.append(id, length: length)
                continue
            }
            if !byteIDs.isEmpty, let ids = fallback(points[i], isFirst: isFirst, isLast: isLast) {
                word.isASCII = false  // the bytes of a suffix stand for no code point of the word
                for id in ids { word.append(id, length: 1) }
                continue
            }
            guard let name = unknown else {
                word.isASCII = false  // a character is left out, so that places must be counted
                continue
            }
            guard let id = vocabulary.id(of: name) else { throw missingUnknown(name) }
            if let last = pending, fusesUnknown {
                pending = (last.id, last.length + length)
            } else {
                if let last = pending { word.append(last.id, length: last.length) }
                pending = (id, length)
            }
        }
        if let unknown = pending { word.append(unknown.id, length: unknown.length) }
        return word
    }

    @inline(__always)
    private func id(_ point: UInt32, isFirst: Bool, isLast: Bool) -> Int? {
        if prefix.isEmpty, suffix.isEmpty {
            guard let node = vocabulary.child(of: Vocabulary.root, point) else { return nil }
            let id = vocabulary.id(at: node)
            return id < 0 ? nil : id
        }
        return vocabulary.id(of: symbol(point, isFirst: isFirst, isLast: isLast))
    }

    private func symbol(_ point: UInt32, isFirst: Bool, isLast: Bool) -> [UInt32] {
        (isFirst ? [] : prefix) + [point] + (isLast ? suffix : [])
    }

    private func fallback(_ point: UInt32, isFirst: Bool, isLast: Bool) -> [Int]? {
        let text = String(codePoints: symbol(point, isFirst: isFirst, isLast: isLast))
        let ids = text.utf8.compactMap { byteIDs[Int($0)] }
        return ids.count == text.utf8.count ? ids : nil
    }

    /// Turns places in bytes into places in code points; part of a character counts as the whole of it.
    private static func countPoints(_ points: [UInt32], _ range: Range<Int>, _ tokens: inout ArraySlice<ModelToken>) {
        /// The code point that is being read, and the byte behind it.
        var at = range.lowerBound
        var end = utf8Length(points[at])
        func point(ofByte byte: Int) -> Int {
            while byte >= end, at < range.upperBound - 1 {
                at += 1
                end += utf8Length(points[at])
            }
            return at - range.lowerBound
        }
        for i in tokens.indices {
            let start = point(ofByte: tokens[i].start)
            tokens[i] = ModelToken(id: tokens[i].id, start: start, end: point(ofByte: tokens[i].end - 1) + 1)
        }
    }
}

extension Vocabulary {
    /// The ids of the tokens that byte fallback writes bytes with.
    var byteIDs: [Int?] {
        let digits = Array("0123456789ABCDEF".unicodeScalars)
        return (0..<256).map { byte in
            id(of: "<0x\(digits[byte >> 4])\(digits[byte & 15])>")
        }
    }
}

/// Ranks and results of merges, by the ids of a pair: open addressing.
struct PairTable: Sendable {
    private var keys: [UInt64]
    private var values: [UInt64]
    private let mask: Int
    private static let empty = UInt64.max

    init(capacity: Int) {
        var size = 16
        while size < capacity * 2 { size *= 2 }
        keys = Array(repeating: Self.empty, count: size)
        values = Array(repeating: 0, count: size)
        mask = size - 1
    }

    @inline(__always)
    private func slot(_ key: UInt64) -> Int {
        var at = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 28) & mask
        while keys[at] != key, keys[at] != Self.empty { at = (at + 1) & mask }
        return at
    }

    mutating func insert(_ left: Int, _ right: Int, rank: Int, merged: Int) {
        let key = UInt64(left) << 32 | UInt64(right)
        let at = slot(key)
        keys[at] = key
        values[at] = UInt64(rank) << 32 | UInt64(merged)
    }

    @inline(__always)
    func merge(_ left: Int32, _ right: Int32) -> (rank: UInt32, merged: Int32)? {
        let key = UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
        let at = slot(key)
        guard keys[at] == key else { return nil }
        return (UInt32(values[at] >> 32), Int32(truncatingIfNeeded: values[at] & 0xFFFF_FFFF))
    }
}
