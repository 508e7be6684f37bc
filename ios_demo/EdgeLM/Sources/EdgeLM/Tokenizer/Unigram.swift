/// SentencePiece's unigram model (Kudo 2018): the pieces whose scores add up to most, in float64.
struct Unigram: TokenModel {
    let vocabulary: Vocabulary
    let size: Int
    private let scores: [Double]
    private let unknown: Int?
    private let unknownScore: Double
    private let byteIDs: [Int?]

    /// What an unknown character costs beneath the worst piece.
    private static let unknownPenalty = 10.0

    init(_ fields: Fields) throws {
        var entries: [(token: String, id: Int)] = []
        var scores: [Double] = []
        for (id, entry) in try fields.array("vocab").enumerated() {
            guard let pair = entry.array, pair.count == 2, let token = pair[0].string, let score = pair[1].double
            else { throw fields.damaged("vocab") }
            entries.append((token, id))
            scores.append(score)
        }
        vocabulary = try Vocabulary(entries, fields.place)
        self.scores = scores
        size = scores.count
        unknown = fields.optional("unk_id") == nil ? nil : try fields.count("unk_id")
        if let unknown, unknown >= scores.count { throw fields.damaged("unk_id") }
        unknownScore = (scores.min() ?? .infinity) - Self.unknownPenalty
        byteIDs = try fields.bool("byte_fallback", default: false) ? vocabulary.byteIDs : []
    }

    /// The best way to each place of a text.
    private struct Paths {
        private(set) var scores: [Double]
        private(set) var starts: [Int32]
        private(set) var ids: [Int32]

        init(count: Int) {
            scores = Array(repeating: 0, count: count)
            starts = Array(repeating: -1, count: count)
            ids = Array(repeating: -1, count: count)
        }

        /// Whether a way to `end` with such a score would be the best; one that is as good as another is not.
        @inline(__always)
        func takes(_ end: Int, score: Double) -> Bool { starts[end] < 0 || score > scores[end] }

        @inline(__always)
        mutating func offer(_ end: Int, score: Double, start: Int, id: Int) {
            guard takes(end, score: score) else { return }
            scores[end] = score
            starts[end] = Int32(truncatingIfNeeded: start)
            ids[end] = Int32(truncatingIfNeeded: id)
        }
    }

    func tokenize(_ points: [UInt32], _ range: Range<Int>, into tokens: inout [ModelToken]) throws {
        let paths = try bestPaths(points, range)
        var path: [ModelToken] = []
        var end = range.count
        while end > 0 {
            let (id, start) = (Int(paths.ids[end]), Int(paths.starts[end]))
            // Unknown characters beside each other are one token.
            if id == unknown, let last = path.last, last.id == unknown {
                path[path.count - 1] = ModelToken(id: id, start: start, end: last.end)
            } else {
                path.append(ModelToken(id: id, start: start, end: end))
            }
            end = start
        }
        for token in path.reversed() {
            if token.id == unknown {
                try appendUnknown(
                    points[range.lowerBound + token.start..<range.lowerBound + token.end], token, to: &tokens)
            } else {
                tokens.append(token)
            }
        }
    }

    private func bestPaths(_ points: [UInt32], _ range: Range<Int>) throws -> Paths {
        var paths = Paths(count: range.count + 1)
        for start in 0..<range.count {
            let score = paths.scores[start]
            var hasCharacter = false
            var node = Vocabulary.root
            var at = start
            while at < range.count, let next = vocabulary.child(of: node, points[range.lowerBound + at]) {
                node = next
                at += 1
                let id = vocabulary.id(at: node)
                if id < 0 { continue }
                hasCharacter = hasCharacter || at == start + 1
                paths.offer(at, score: scores[id] + score, start: start, id: id)
            }
            guard !hasCharacter, paths.takes(start + 1, score: unknownScore + score) else { continue }
            guard let unknown else { throw missingUnknown("unk_id") }
            paths.offer(start + 1, score: unknownScore + score, start: start, id: unknown)
        }
        return paths
    }

    /// A text that is no piece: its bytes where the vocabulary has all of them, else the unknown token.
    private func appendUnknown(_ text: ArraySlice<UInt32>, _ token: ModelToken, to tokens: inout [ModelToken]) throws {
        if let id = vocabulary.id(of: text) {
            tokens.append(ModelToken(id: id, start: token.start, end: token.end))
            return
        }
        let bytes = String(codePoints: text).utf8
        let ids = byteIDs.isEmpty ? [] : bytes.compactMap { byteIDs[Int($0)] }
        if !byteIDs.isEmpty, ids.count == bytes.count {
            tokens.append(contentsOf: ids.map { ModelToken(id: $0, start: token.start, end: token.end) })
        } else {
            tokens.append(ModelToken(id: token.id, start: token.start, end: token.end, isText: true))
        }
    }
}
