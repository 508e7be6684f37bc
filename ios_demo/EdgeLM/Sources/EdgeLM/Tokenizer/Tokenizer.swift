/// Text to ids, exactly as Hugging Face's `tokenizers` does it with the same tokenizer.json.
public struct Tokenizer: Sendable {
    /// Special tokens by their role (`pad`, `unk`, `cls`, `sep`, `mask`), of those that the vocabulary has.
    public let specialTokens: [String: String]
    public let specialIDs: [String: Int]
    private let normalizer: Normalizer?
    private let preTokenizer: PreTokenizer?
    private let model: any TokenModel
    private let postProcessor: PostProcessor?
    private let decoder: Decoder?
    private let addedTokens: AddedTokens

    /// Reads the bytes of a tokenizer.json; `special` is `special_tokens` of a manifest's `tokenizer`.
    ///
    /// BundleError for a file that is damaged, UnsupportedError for a component that is not known.
    public init(json bytes: [UInt8], special: [String: String] = [:]) throws {
        let place = "tokenizer.json"
        let json: JSON
        do {
            json = try JSON.parse(bytes)
        } catch let error as JSONError {
            throw BundleError(.damaged, "\(place) is no JSON: \(error).")
        }
        let fields = try Fields(json, place)
        guard try fields.string("version", default: "1.0") == "1.0" else { throw fields.damaged("version") }
        func part<T>(_ key: String, _ read: (JSON, String) throws -> T) throws -> T? {
            try fields.optional(key).map { try read($0, "\(place): \(key)") }
        }
        guard let model = try part("model", readModel) else { throw fields.damaged("model") }
        self.model = model
        normalizer = try part("normalizer", Normalizer.read)
        preTokenizer = try part("pre_tokenizer", PreTokenizer.read)
        postProcessor = try part("post_processor", PostProcessor.read)
        decoder = try part("decoder", Decoder.read)
        let added = try fields.array("added_tokens", default: [])
        addedTokens = try AddedTokens(added, place, model: model, normalizer: normalizer)
        var ids: [String: Int] = [:]
        for (role, token) in special { ids[role] = addedTokens.id(of: token) ?? model.vocabulary.id(of: token) }
        specialIDs = ids
        specialTokens = special.filter { ids[$0.key] != nil }
    }

    /// One text or a pair, with the special tokens around it, uncut. A blank text gives those alone.
    public func encode(_ text: String, pair: String? = nil) throws -> Encoding {
        try finish(tokenize(text, typeID: 0), try pair.map { try tokenize($0, typeID: 1) })
    }

    /// The same, of at most `maxLength` tokens: the longer text gives way first.
    public func cut(_ text: String, pair: String? = nil, maxLength: Int) throws -> Encoding {
        var first = try tokenize(text, typeID: 0)
        var second = try pair.map { try tokenize($0, typeID: 1) }
        let room = maxLength - (postProcessor?.added(isPair: pair != nil) ?? 0)
        if room >= 0, first.count + (second?.count ?? 0) > room {
            let lengths = Truncation.lengths(first.count, second?.count, room: room)
            first = first.part(0..<lengths.first)
            second = second?.part(0..<lengths.second)
        }
        return try finish(first, second)
    }

    /// A question with its whole context, or with overlapping parts of it where both have more than `length` tokens.
    ///
    /// Neighbours share `docStride` tokens, fewer where the question leaves too little room; InputError where it leaves
    /// none.
    public func windows(_ question: String, _ context: String, length: Int, docStride: Int) throws -> [Encoding] {
        let first = try tokenize(question, typeID: 0)
        let second = try tokenize(context, typeID: 1)
        let whole = try finish(first, second)
        if whole.count <= length { return [whole] }
        let sequences = whole.sequenceIDs
        let room = length - (whole.count - sequences.lazy.filter { $0 == 1 }.count)
        guard room >= 1 else {
            let count = sequences.lazy.filter { $0 == 0 }.count
            throw InputError(
                .tooLong, "The question has \(count) tokens and leaves no room for its context in \(length).",
                hint: "Shorten it, or export with a larger --max-length.")
        }
        let stride = min(docStride, length / 2)
        let parts = Truncation.windows(of: second.count, length: room, stride: stride < room ? stride : room / 2)
        return try parts.enumerated().map { place, range in
            var part = second.part(range)
            part.isOverflow = place > 0
            return try finish(first, part)
        }
    }

    /// The text of ids; special tokens are left out where that is asked for. Ids that are unknown are skipped.
    public func decode(_ ids: [Int], skipSpecialTokens: Bool) -> String {
        let tokens = ids.compactMap { id -> [UInt32]? in
            guard let text = addedTokens.text(of: id) ?? model.vocabulary.token(of: id)?.codePoints else { return nil }
            return skipSpecialTokens && addedTokens.isSpecial(text) ? nil : text
        }
        guard let decoder else { return String(codePoints: tokens.joined(separator: [0x20])) }
        return String(codePoints: decoder.apply(to: tokens).joined())
    }

    /// The id of a token of the vocabulary or of an added one.
    public func id(of token: String) -> Int? { addedTokens.id(of: token) ?? model.vocabulary.id(of: token) }

    // MARK: - Steps

    private func tokenize(_ text: String, typeID: Int) throws -> Encoding {
        var cut = addedTokens.extract(from: AlignedText(original: text.codePoints), normalizer)
        preTokenizer?.apply(to: &cut)
        var encoding = Encoding()
        var tokens: [ModelToken] = []
        for (word, piece) in cut.pieces.enumerated() {
            tokens.removeAll(keepingCapacity: true)
            if piece.added >= 0 {
                tokens.append(ModelToken(id: piece.added, start: 0, end: piece.end - piece.start, isText: true))
            } else {
                try model.tokenize(cut.text.points, piece.start..<piece.end, into: &tokens)
            }
            for token in tokens {
                let range = piece.start + token.start..<piece.start + token.end
                encoding.ids.append(token.id)
                encoding.tokens.append(name(of: token, cut.text.points[range]))
                encoding.offsets.append(cut.text.original(of: range))
                encoding.wordIDs.append(word)
            }
        }
        encoding.typeIDs = Array(repeating: typeID, count: encoding.count)
        encoding.specialTokensMask = Array(repeating: 0, count: encoding.count)
        return encoding
    }

    private func name(of token: ModelToken, _ text: ArraySlice<UInt32>) -> String {
        if !token.isText, let name = model.vocabulary.token(of: token.id) { return name }
        return String(codePoints: text)
    }

    private func finish(_ first: Encoding, _ second: Encoding?) throws -> Encoding {
        var encodings = [first]
        if let second { encodings.append(second) }
        guard let postProcessor else {
            if encodings.count == 1 { return first }
            for i in encodings.indices where !encodings[i].isOverflow { encodings[i].setSequence(i) }
            return Self.merged(encodings)
        }
        for i in encodings.indices {
            encodings[i].setSequence(i)
            if !encodings[i].isOverflow { encodings[i].typeIDs = Array(repeating: i, count: encodings[i].count) }
        }
        return Self.merged(try postProcessor.apply(to: encodings))
    }

    private static func merged(_ encodings: [Encoding]) -> Encoding {
        var whole = Encoding()
        for encoding in encodings { whole.append(encoding) }
        return whole
    }
}

/// How texts are shortened.
enum Truncation {
    /// How many tokens each text keeps, as Hugging Face's `longest_first` has it.
    static func lengths(_ first: Int, _ second: Int?, room: Int) -> (first: Int, second: Int) {
        guard let second else { return (min(first, room), 0) }
        var (shorter, longer) = (min(first, second), max(first, second))
        longer = shorter > room ? shorter : max(shorter, room - shorter)
        if shorter + longer > room {
            shorter = room / 2
            longer = shorter + room % 2
        }
        let lengths = first > second ? (longer, shorter) : (shorter, longer)
        return (min(lengths.0, first), min(lengths.1, second))
    }

    /// Ranges of at most `length` tokens, each of which shares `stride` with the one before it.
    static func windows(of count: Int, length: Int, stride: Int) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        repeat {
            ranges.append(start..<min(start + length, count))
            start += length - stride
        } while (ranges.last?.upperBound ?? count) < count
        return ranges
    }
}
