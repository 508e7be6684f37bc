/// A text in pieces, each of which the model tokenizes by itself, or which is an added token already.
struct PreTokenized {
    struct Piece {
        var start: Int
        var end: Int
        /// The id of an added token; -1 for a piece of text.
        var added = -1
    }

    var text: AlignedText
    var pieces: [Piece]

    /// Cuts every piece of text by a pattern; empty pieces are dropped.
    mutating func split(_ pattern: Pattern, _ behavior: SplitBehavior, isInverted: Bool = false) {
        var cut: [Piece] = []
        cut.reserveCapacity(pieces.count * 2)
        for piece in pieces {
            guard piece.added < 0 else {
                cut.append(piece)
                continue
            }
            var cutter = SplitCutter(behavior, first: cut.count)
            pattern.forEachSegment(of: text.points, in: piece.start..<piece.end) { range, isMatch in
                cutter.add(range, isMatch != isInverted, to: &cut)
            }
        }
        pieces = cut
    }

    /// Rewrites every piece of text: `rewrite` appends its new form to the new text.
    mutating func rewrite(_ rewrite: (Piece, AlignedText, inout AlignedText) -> Void) {
        var new = AlignedText(points: [], spans: [])
        new.points.reserveCapacity(text.points.count)
        new.spans.reserveCapacity(text.points.count)
        for i in pieces.indices {
            let piece = pieces[i]
            pieces[i].start = new.points.count
            if piece.added < 0 {
                rewrite(piece, text, &new)
            } else {
                new.points.append(contentsOf: text.points[piece.start..<piece.end])
                new.spans.append(contentsOf: text.spans[piece.start..<piece.end])
            }
            pieces[i].end = new.points.count
        }
        text = new
    }
}

/// What becomes of the matches when a text is split.
enum SplitBehavior: Sendable {
    case removed, isolated, mergedWithPrevious, mergedWithNext, contiguous

    static let names: [String: SplitBehavior] = [
        "Removed": .removed, "Isolated": .isolated, "MergedWithPrevious": .mergedWithPrevious,
        "MergedWithNext": .mergedWithNext, "Contiguous": .contiguous,
    ]
}

/// Makes pieces of one text's segments, which are given in order.
private struct SplitCutter {
    private let behavior: SplitBehavior
    /// Where this text's pieces begin.
    private let first: Int
    private var wasMatch = false

    init(_ behavior: SplitBehavior, first: Int) {
        self.behavior = behavior
        self.first = first
    }

    mutating func add(_ range: Range<Int>, _ isMatch: Bool, to pieces: inout [PreTokenized.Piece]) {
        defer { wasMatch = isMatch }
        let joins: Bool
        switch behavior {
        case .removed where isMatch: return
        case .removed, .isolated: joins = false
        case .contiguous: joins = isMatch == wasMatch
        case .mergedWithPrevious: joins = isMatch && !wasMatch
        case .mergedWithNext: joins = wasMatch && !isMatch
        }
        if joins, pieces.count > first {
            pieces[pieces.count - 1].end = range.upperBound
        } else {
            pieces.append(PreTokenized.Piece(start: range.lowerBound, end: range.upperBound))
        }
    }
}

/// A step that cuts a normalized text into the words that the model sees.
indirect enum PreTokenizer: Sendable {
    case split(Pattern, SplitBehavior, isInverted: Bool)
    case metaspace(Metaspace)
    case byteLevel(addPrefixSpace: Bool, splits: Bool)
    case sequence([PreTokenizer])

    func apply(to text: inout PreTokenized) {
        switch self {
        case .split(let pattern, let behavior, let isInverted): text.split(pattern, behavior, isInverted: isInverted)
        case .metaspace(let metaspace): metaspace.apply(to: &text)
        case .byteLevel(let addPrefixSpace, let splits):
            if addPrefixSpace { Self.prependSpace(&text) }
            if splits { text.split(.gpt2, .isolated) }
            text.rewrite { piece, old, new in
                for i in piece.start..<piece.end { ByteLevel.append(old.points[i], old.spans[i], to: &new) }
            }
        case .sequence(let steps): for step in steps { step.apply(to: &text) }
        }
    }

    private static func prependSpace(_ text: inout PreTokenized) {
        guard text.pieces.contains(where: { $0.added < 0 && text.text.points[$0.start] != 0x20 }) else { return }
        text.rewrite { piece, old, new in
            if old.points[piece.start] != 0x20 {
                new.points.append(0x20)
                new.spans.append(old.spans[piece.start])
            }
            new.points.append(contentsOf: old.points[piece.start..<piece.end])
            new.spans.append(contentsOf: old.spans[piece.start..<piece.end])
        }
    }
}

/// SentencePiece's spaces: each becomes a visible mark, and words begin with it.
struct Metaspace: Sendable {
    enum Prepend: Sendable { case always, first, never }

    let replacement: UInt32
    let prepend: Prepend
    let splits: Bool

    func apply(to text: inout PreTokenized) {
        text.rewrite { piece, old, new in
            let first = old.points[piece.start]
            let isMarked = first == replacement || first == 0x20
            // Hugging Face's "first" is a piece that begins where the original text does.
            if !isMarked, prepend == .always || (prepend == .first && old.spans[piece.start].start == 0) {
                new.points.append(replacement)
                new.spans.append(old.spans[piece.start])
            }
            for i in piece.start..<piece.end {
                new.points.append(old.points[i] == 0x20 ? replacement : old.points[i])
                new.spans.append(old.spans[i])
            }
        }
        if splits { text.split(.literal([replacement]), .mergedWithNext) }
    }

    static func read(_ fields: Fields) throws -> Metaspace {
        let replacement = try fields.string("replacement").codePoints
        let schemes: [String: Prepend] = ["always": .always, "first": .first, "never": .never]
        let prepend = try fields.choice("prepend_scheme", schemes, default: .always)
        let isOldNever = try fields.bool("add_prefix_space", default: true) == false
        guard replacement.count == 1, !isOldNever || prepend == .never else { throw fields.damaged("prepend_scheme") }
        return Metaspace(
            replacement: replacement[0], prepend: prepend, splits: try fields.bool("split", default: true))
    }
}

extension PreTokenizer {
    /// Reads `pre_tokenizer` of a tokenizer.json.
    static func read(_ json: JSON, _ place: String) throws -> PreTokenizer {
        let fields = try Fields(json, place)
        switch try fields.string("type") {
        case "BertPreTokenizer":
            return .sequence([
                .split(.property(.space), .removed, isInverted: false),
                .split(.property(.bertPunctuation), .isolated, isInverted: false),
            ])
        case "Whitespace": return .split(.words, .removed, isInverted: true)
        case "WhitespaceSplit": return .split(.property(.space), .removed, isInverted: false)
        case "Punctuation":
            let behavior = try fields.choice("behavior", SplitBehavior.names, default: .isolated)
            return .split(.property(.punctuation), behavior, isInverted: false)
        case "Digits":
            let single = try fields.bool("individual_digits")
            return .split(.property(.numeric), single ? .isolated : .contiguous, isInverted: false)
        case "Metaspace": return .metaspace(try Metaspace.read(fields))
        case "ByteLevel":
            return .byteLevel(
                addPrefixSpace: try fields.bool("add_prefix_space"), splits: try fields.bool("use_regex", default: true)
            )
        case "Split":
            let behavior = try fields.choice("behavior", SplitBehavior.names)
            return .split(try Pattern.read(fields), behavior, isInverted: try fields.bool("invert"))
        case "Sequence":
            return .sequence(try fields.array("pretokenizers").enumerated().map { try read($1, "\(place)[\($0)]") })
        case let other: throw UnsupportedError(other, "The tokenizer's pre-tokenizer \(other) is not supported.")
        }
    }
}
