/// A step that puts special tokens around texts and trims their offsets. It takes one encoding a text, or what the step
/// before it made of them.
indirect enum PostProcessor: Sendable {
    struct SpecialToken: Sendable {
        let id: Int
        let token: String
    }

    enum TemplatePiece: Sendable {
        case text(Int, typeID: Int)
        case special([SpecialToken], typeID: Int)
    }

    case template(single: [TemplatePiece], pair: [TemplatePiece])
    case bert(cls: SpecialToken, sep: SpecialToken)
    case roberta(cls: SpecialToken, sep: SpecialToken, trimsOffsets: Bool, addPrefixSpace: Bool)
    case byteLevel(trimsOffsets: Bool, addPrefixSpace: Bool)
    case sequence([PostProcessor])

    /// The tokens that are added around one text or a pair.
    func added(isPair: Bool) -> Int {
        switch self {
        case .template(let single, let pair):
            return (isPair ? pair : single).reduce(0) { count, piece in
                if case .special(let tokens, _) = piece { return count + tokens.count }
                return count
            }
        case .bert: return isPair ? 3 : 2
        case .roberta: return isPair ? 4 : 2
        case .byteLevel: return 0
        case .sequence(let steps): return steps.reduce(0) { $0 + $1.added(isPair: isPair) }
        }
    }

    func apply(to encodings: [Encoding]) throws -> [Encoding] {
        switch self {
        case .template(let single, let pair):
            guard encodings.count <= 2 else {
                throw UnsupportedError(
                    "TemplateProcessing", "A tokenizer's template behind another one is not supported.")
            }
            return Self.fill(encodings.count == 2 ? pair : single, encodings)
        case .bert(let cls, let sep):
            return encodings.enumerated().map { place, encoding in
                Self.frame(encoding, place == 0 ? cls : nil, sep, typeID: min(place, 1), sequence: place)
            }
        case .roberta(let cls, let sep, let trims, let addPrefixSpace):
            return encodings.enumerated().map { place, encoding in
                var encoding = trims ? Self.trimmed(encoding, addPrefixSpace) : encoding
                encoding.typeIDs = Array(repeating: 0, count: encoding.count)
                return Self.frame(encoding, place == 0 ? cls : sep, sep, typeID: 0, sequence: place)
            }
        case .byteLevel(let trims, let addPrefixSpace):
            return encodings.enumerated().map { place, encoding in
                var encoding = trims ? Self.trimmed(encoding, addPrefixSpace) : encoding
                if !encoding.isOverflow { encoding.setSequence(place) }
                return encoding
            }
        case .sequence(let steps): return try steps.reduce(encodings) { try $1.apply(to: $0) }
        }
    }

    private static func fill(_ template: [TemplatePiece], _ encodings: [Encoding]) -> [Encoding] {
        template.compactMap { piece in
            switch piece {
            case .special(let tokens, let typeID): return .special(tokens.map { ($0.id, $0.token) }, typeID: typeID)
            case .text(let place, let typeID):
                guard encodings.indices.contains(place) else { return nil }
                var encoding = encodings[place]
                // Hugging Face's template leaves the further windows of a text the type that they had.
                if encoding.isOverflow { return encoding }
                encoding.typeIDs = Array(repeating: typeID, count: encoding.count)
                encoding.setSequence(place)
                return encoding
            }
        }
    }

    private static func frame(
        _ encoding: Encoding, _ first: SpecialToken?, _ last: SpecialToken, typeID: Int, sequence: Int
    ) -> Encoding {
        var framed = Encoding.special(first.map { [($0.id, $0.token)] } ?? [], typeID: typeID)
        let start = framed.count
        framed.append(encoding)
        framed.append(.special([(last.id, last.token)], typeID: typeID))
        framed.sequences = [Encoding.Sequence(id: min(sequence, 1), range: start..<framed.count - 1)]
        framed.isOverflow = encoding.isOverflow
        return framed
    }

    /// Takes spaces at either end out of the tokens' offsets, but not the one that the tokenizer put before a text.
    private static func trimmed(_ encoding: Encoding, _ addPrefixSpace: Bool) -> Encoding {
        var encoding = encoding
        let tables = UnicodeTables.shared
        let isSpace = { (scalar: Unicode.Scalar) in
            scalar.value == ByteLevel.space || tables.has(scalar.value, .space)
        }
        for i in 0..<encoding.count {
            let scalars = encoding.tokens[i].unicodeScalars
            var leading = scalars.prefix(while: isSpace).count
            let trailing = scalars.reversed().prefix(while: isSpace).count
            var (start, end) = (encoding.offsets[i].lowerBound, encoding.offsets[i].upperBound)
            if leading > 0 {
                if i == 0 || start == 0, addPrefixSpace, leading == 1 { leading = 0 }
                start = min(start + leading, end)
            }
            if trailing > 0, end >= trailing { end = max(end - trailing, start) }
            encoding.offsets[i] = start..<end
        }
        return encoding
    }
}

extension PostProcessor {
    /// Reads `post_processor` of a tokenizer.json.
    static func read(_ json: JSON, _ place: String) throws -> PostProcessor {
        let fields = try Fields(json, place)
        switch try fields.string("type") {
        case "TemplateProcessing": return try readTemplate(fields)
        case "BertProcessing": return .bert(cls: try special(fields, "cls"), sep: try special(fields, "sep"))
        case "RobertaProcessing":
            return .roberta(
                cls: try special(fields, "cls"), sep: try special(fields, "sep"),
                trimsOffsets: try fields.bool("trim_offsets"), addPrefixSpace: try fields.bool("add_prefix_space"))
        case "ByteLevel":
            return .byteLevel(
                trimsOffsets: try fields.bool("trim_offsets"), addPrefixSpace: try fields.bool("add_prefix_space"))
        case "Sequence":
            return .sequence(try fields.array("processors").enumerated().map { try read($1, "\(place)[\($0)]") })
        case let other: throw UnsupportedError(other, "The tokenizer's post-processor \(other) is not supported.")
        }
    }

    private static func special(_ fields: Fields, _ key: String) throws -> SpecialToken {
        let pair = try fields.array(key)
        guard pair.count == 2, let token = pair[0].string, let id = pair[1].int, id >= 0 else {
            throw fields.damaged(key)
        }
        return SpecialToken(id: id, token: token)
    }

    private static func readTemplate(_ fields: Fields) throws -> PostProcessor {
        let special = try fields.object("special_tokens")
        func pieces(_ key: String) throws -> [TemplatePiece] {
            try fields.array(key).map { json in
                if json["Sequence"] != nil {
                    let text = try Fields(json, "\(fields.place): \(key)").object("Sequence")
                    return .text(try text.choice("id", ["A": 0, "B": 1]), typeID: try text.count("type_id"))
                }
                let piece = try Fields(json, "\(fields.place): \(key)").object("SpecialToken")
                let token = try special.object(piece.string("id"))
                let (ids, names) = (try token.array("ids").compactMap(\.int), try token.strings("tokens"))
                guard ids.count == names.count, try token.array("ids").count == ids.count else {
                    throw token.damaged("ids")
                }
                let tokens = zip(ids, names).map { SpecialToken(id: $0, token: $1) }
                return .special(tokens, typeID: try piece.count("type_id"))
            }
        }
        return .template(single: try pieces("single"), pair: try pieces("pair"))
    }
}
