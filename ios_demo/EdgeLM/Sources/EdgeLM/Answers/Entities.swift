/// How the tokens of a word get one label.
public enum Aggregation: String, Sendable, CaseIterable {
    /// Every token by itself.
    case none
    /// Neighbours of one tag joined.
    case simple
    /// A word has the label of its first token, of the mean of its tokens' scores, or of the surest token.
    case first, average, max
}

/// A way to write labels: all prefixes that it has, those that begin an entity, and those that end it.
private struct TagScheme {
    let prefixes: Set<Substring>
    let begins: Set<Substring>
    let ends: Set<Substring>

    /// BMES also reads BIOES and BILOU.
    static let named: [String: TagScheme] = [
        "BIO": TagScheme(prefixes: ["B", "I"], begins: ["B"], ends: []),
        "BMES": TagScheme(
            prefixes: ["B", "I", "M", "E", "L", "S", "U"], begins: ["B", "S", "U"], ends: ["E", "L", "S", "U"]),
    ]

    /// Prefix and kind of a label; one without prefix continues.
    func split(_ label: String) -> (prefix: Substring, kind: Substring) {
        guard let dash = label.firstIndex(of: "-"), prefixes.contains(label[..<dash]) else { return ("I", label[...]) }
        return (label[..<dash], label[label.index(after: dash)...])
    }
}

/// Entities of a tagger's logits, as Hugging Face's TokenClassificationPipeline puts them together.
struct EntityDecoder {
    /// What a word is: WordPiece's pieces, or what stands between spaces.
    private enum Words: String { case pieces, spaces }

    private let encoding: Encoding
    private let text: [UInt32]
    private let labels: [String]
    private let words: Words
    private let tags: TagScheme
    private let unknownID: Int?
    private let field: ConditionalRandomField?

    private struct Unit {
        let index: Int
        let range: Range<Int>
        let label: String
        let score: Double
    }

    init(_ encoding: Encoding, _ text: String, _ labels: [String], _ rules: Fields, unknownID: Int?) throws {
        self.encoding = encoding
        self.text = text.codePoints
        self.labels = labels
        self.unknownID = unknownID
        guard let words = Words(rawValue: try rules.string("words")) else {
            let name = try rules.string("words")
            throw UnsupportedError(name, "The bundle's rule for words, \(name), is not supported.")
        }
        self.words = words
        guard let tags = TagScheme.named[try rules.string("tags", default: "BIO")] else {
            let name = try rules.string("tags")
            throw UnsupportedError(name, "The bundle's way to write tags, \(name), is not supported.")
        }
        self.tags = tags
        field =
            rules.optional("crf") == nil ? nil : try ConditionalRandomField(rules.object("crf"), labels: labels.count)
    }

    /// `logits` [tokens][labels].
    func decode(_ logits: [[Double]], _ aggregation: Aggregation) -> Answer {
        let places = (0..<encoding.count).filter { encoding.specialTokensMask[$0] == 0 }
        let scores = field.map { pathScores($0, logits, places) } ?? logits.map(Scores.softmax)
        let isByToken = aggregation == .none || aggregation == .simple
        var groups: [[Int]] = []
        for place in places {
            if !isByToken, !groups.isEmpty, continuesWord(place) {
                groups[groups.count - 1].append(place)
            } else {
                groups.append([place])
            }
        }
        let units = groups.map { unit($0, choose($0.map { scores[$0] }, aggregation)) }
        if aggregation == .none {
            return .tokens(
                units.filter { $0.label != "O" }.map {
                    Answer.TokenLabel(
                        label: $0.label, score: $0.score, index: $0.index, word: word($0), range: $0.range)
                })
        }
        return .entities(joined(units).map(entity).filter { $0.group != "O" })
    }

    /// What a field gives the tokens that it reads; the others of a word have what the token before them has.
    private func pathScores(_ field: ConditionalRandomField, _ logits: [[Double]], _ places: [Int]) -> [[Double]] {
        let read: [Int]
        switch field.tokens {
        case .all: read = Array(logits.indices)
        case .text: read = places
        case .words: read = places.filter { $0 == places.first || !continuesWord($0) }
        }
        var scores = logits.map { $0.map { _ in 0.0 } }
        if read.isEmpty { return scores }
        for (place, row) in zip(read, field.scores(read.map { logits[$0] })) { scores[place] = row }
        let isRead = Set(read)
        for place in places where !isRead.contains(place) && place > 0 { scores[place] = scores[place - 1] }
        return scores
    }

    private func continuesWord(_ index: Int) -> Bool {
        if encoding.ids[index] == unknownID { return false }
        switch words {
        case .pieces:
            guard index > 0, let word = encoding.wordIDs[index] else { return false }
            return word == encoding.wordIDs[index - 1]
        case .spaces:
            let start = encoding.offsets[index].lowerBound
            return start > 0 && !slice(start - 1..<start + 1).contains(0x20)
        }
    }

    /// The scores of a word, of its tokens' scores.
    private func choose(_ scores: [[Double]], _ aggregation: Aggregation) -> [Double] {
        switch aggregation {
        case .none, .simple, .first: return scores[0]
        case .average:
            return scores[0].indices.map { label in scores.reduce(0) { $0 + $1[label] } / Double(scores.count) }
        case .max: return scores[Scores.argmax(scores.map { $0.max() ?? 0 })]
        }
    }

    private func unit(_ places: [Int], _ scores: [Double]) -> Unit {
        let best = Scores.argmax(scores)
        let (start, end) = (
            encoding.offsets[places[0]].lowerBound, encoding.offsets[places[places.count - 1]].upperBound
        )
        return Unit(index: places[0], range: start..<max(start, end), label: labels[best], score: scores[best])
    }

    private func word(_ unit: Unit) -> String {
        encoding.ids[unit.index] == unknownID ? String(codePoints: slice(unit.range)) : encoding.tokens[unit.index]
    }

    /// Neighbours of the same kind; a prefix that begins starts a new group, and so does anything after one that ends.
    private func joined(_ units: [Unit]) -> [[Unit]] {
        var groups: [[Unit]] = []
        var last: (prefix: Substring, kind: Substring) = ("", "")
        for unit in units {
            let tag = tags.split(unit.label)
            let joins = tag.kind == last.kind && !tags.begins.contains(tag.prefix) && !tags.ends.contains(last.prefix)
            if joins, !groups.isEmpty {
                groups[groups.count - 1].append(unit)
            } else {
                groups.append([unit])
            }
            last = tag
        }
        return groups
    }

    private func entity(_ group: [Unit]) -> Answer.Entity {
        let (start, end) = (group[0].range.lowerBound, group[group.count - 1].range.upperBound)
        let label = group[0].label
        let name = label.firstIndex(of: "-").map { label[label.index(after: $0)...] } ?? label[...]
        let score = group.reduce(0) { $0 + $1.score } / Double(group.count)
        let range = start..<max(start, end)
        return Answer.Entity(group: String(name), score: score, word: String(codePoints: slice(range)), range: range)
    }

    /// The part of the text, as much of it as there is.
    private func slice(_ range: Range<Int>) -> ArraySlice<UInt32> { text[range.clamped(to: text.indices)] }
}
