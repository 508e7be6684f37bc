/// A step that rewrites a text before it is cut into words.
indirect enum Normalizer: Sendable {
    case bert(cleanText: Bool, spacesAroundCJK: Bool, stripAccents: Bool, lowercase: Bool)
    case sequence([Normalizer])
    case lowercase
    case stripAccents
    case form(UnicodeForm)
    case strip(left: Bool, right: Bool)
    case prepend([UInt32])
    case replace(Pattern, [UInt32])
    case charsmap(Charsmap)
    case nmt
    case byteLevel

    func apply(to text: inout AlignedText) {
        guard !text.isEmpty else { return }
        switch self {
        case .bert(let cleanText, let spacesAroundCJK, let stripAccents, let lowercase):
            if cleanText { Self.clean(&text) }
            if spacesAroundCJK { Self.spaceOut(&text) }
            if stripAccents {
                UnicodeForm(isCompatible: false, isComposed: false).apply(to: &text)
                Self.remove(.nonspacing, from: &text)
            }
            if lowercase { Self.lower(&text) }
        case .sequence(let steps): for step in steps { step.apply(to: &text) }
        case .lowercase: Self.lower(&text)
        case .stripAccents: Self.remove(.mark, from: &text)
        case .form(let form): form.apply(to: &text)
        case .strip(let left, let right): Self.strip(&text, left: left, right: right)
        case .prepend(let points): text.prepend(points)
        case .replace(let pattern, let content): text.replace(pattern, with: content)
        case .charsmap(let charsmap): charsmap.apply(to: &text)
        case .nmt:
            Self.remove(.nmtRemove, from: &text)
            Self.toSpaces(.nmtSpace, in: &text)
        case .byteLevel: text.expand { ByteLevel.letters(of: $0) }
        }
    }

    /// BERT's clean_text: control characters go, whatever is white space becomes a space.
    private static func clean(_ text: inout AlignedText) {
        remove(.control, from: &text)
        toSpaces(.bertSpace, in: &text)
    }

    private static func remove(_ property: UnicodeTables.Property, from text: inout AlignedText) {
        let tables = UnicodeTables.shared
        text.remove { tables.has($0, property) }
    }

    private static func toSpaces(_ property: UnicodeTables.Property, in text: inout AlignedText) {
        let tables = UnicodeTables.shared
        for i in text.points.indices where tables.has(text.points[i], property) { text.points[i] = 0x20 }
    }

    private static func spaceOut(_ text: inout AlignedText) {
        let tables = UnicodeTables.shared
        text.expand { tables.has($0, .cjk) ? [0x20, $0, 0x20] : nil }
    }

    private static func lower(_ text: inout AlignedText) {
        let tables = UnicodeTables.shared
        for i in text.points.indices where (0x41...0x5A).contains(text.points[i]) { text.points[i] += 0x20 }
        text.expand { $0 < 0x80 ? nil : tables.lower($0) }
    }

    private static func strip(_ text: inout AlignedText, left: Bool, right: Bool) {
        let tables = UnicodeTables.shared
        func isKept(_ point: UInt32) -> Bool { !tables.has(point, .space) }
        var range = 0..<text.points.count
        if left { range = (text.points.firstIndex(where: isKept) ?? range.upperBound)..<range.upperBound }
        if right {
            let end = (text.points.lastIndex(where: isKept) ?? -1) + 1
            range = min(range.lowerBound, end)..<end
        }
        if range.count < text.points.count { text = text.slice(range) }
    }
}

extension Normalizer {
    /// Reads `normalizer` of a tokenizer.json.
    static func read(_ json: JSON, _ place: String) throws -> Normalizer {
        let fields = try Fields(json, place)
        switch try fields.string("type") {
        case "BertNormalizer":
            let lowercase = try fields.bool("lowercase")
            return .bert(
                cleanText: try fields.bool("clean_text"), spacesAroundCJK: try fields.bool("handle_chinese_chars"),
                stripAccents: try fields.bool("strip_accents", default: lowercase), lowercase: lowercase)
        case "Sequence":
            return .sequence(try fields.array("normalizers").enumerated().map { try read($1, "\(place)[\($0)]") })
        case "Lowercase": return .lowercase
        case "StripAccents": return .stripAccents
        case "NFC": return .form(UnicodeForm(isCompatible: false, isComposed: true))
        case "NFD": return .form(UnicodeForm(isCompatible: false, isComposed: false))
        case "NFKC": return .form(UnicodeForm(isCompatible: true, isComposed: true))
        case "NFKD": return .form(UnicodeForm(isCompatible: true, isComposed: false))
        case "Strip": return .strip(left: try fields.bool("strip_left"), right: try fields.bool("strip_right"))
        case "Prepend": return .prepend(try fields.string("prepend").codePoints)
        case "Replace": return .replace(try Pattern.read(fields), try fields.string("content").codePoints)
        case "Precompiled": return .charsmap(try Charsmap(fields))
        case "Nmt": return .nmt
        case "ByteLevel": return .byteLevel
        case let other: throw UnsupportedError(other, "The tokenizer's normalizer \(other) is not supported.")
        }
    }
}

extension Pattern {
    /// Reads `pattern` of a Replace or a Split: `{"String": ..}` or `{"Regex": ..}`.
    static func read(_ fields: Fields) throws -> Pattern {
        let pattern = try fields.object("pattern")
        if pattern.optional("Regex") != nil { return try regex(pattern.string("Regex")) }
        let text = try pattern.string("String").codePoints
        guard !text.isEmpty else { throw UnsupportedError("", "A tokenizer's empty pattern is not supported.") }
        return .literal(text)
    }
}
