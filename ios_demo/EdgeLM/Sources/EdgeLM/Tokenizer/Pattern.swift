/// What a step of a tokenizer looks for. Regular expressions are known by their text: iOS's own would need its Unicode.
enum Pattern: Sendable {
    /// One code point of a set, or one code point.
    case property(UnicodeTables.Property)
    case points(Set<UInt32>)
    /// At least so many of them, one after the other.
    case run(UnicodeTables.Property, atLeast: Int)
    case pointRun(UInt32, atLeast: Int)
    /// `\s{2,}|[\n\r\t]`
    case spacesOrControl
    case literal([UInt32])
    /// ` +` at either end of the text.
    case outerSpaces
    /// `\w+|[^\w\s]+`
    case words
    /// The words of GPT-2's byte-level BPE.
    case gpt2

    private static let known: [String: Pattern] = [
        #"\A +| +\z"#: .outerSpaces,
        " {2,}": .pointRun(0x20, atLeast: 2),
        " +": .pointRun(0x20, atLeast: 1),
        #"\s+"#: .run(.regexSpace, atLeast: 1),
        #"[\r\n]"#: .points([0x0D, 0x0A]),
        #"\s{2,}|[\n\r\t]"#: .spacesOrControl,
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#: .gpt2,
    ]

    /// A regular expression of a tokenizer.json; UnsupportedError for one that is not known.
    static func regex(_ text: String) throws -> Pattern {
        guard let pattern = known.first(where: { $0.key.utf8.elementsEqual(text.utf8) })?.value else {
            throw UnsupportedError(text, "The tokenizer's regular expression \(text) is not supported.")
        }
        return pattern
    }

    /// Calls `found` with the matches and with what lies between them, in order; together they cover the range.
    func forEachSegment(of points: [UInt32], in range: Range<Int>, _ found: (Range<Int>, _ isMatch: Bool) -> Void) {
        if case .outerSpaces = self { return forEachOuterSegment(of: points, in: range, found) }
        var last = range.lowerBound
        var at = range.lowerBound
        while at < range.upperBound {
            guard let end = match(points, at, range) else {
                at += 1
                continue
            }
            if last < at { found(last..<at, false) }
            found(at..<end, true)
            (last, at) = (end, end)
        }
        if last < range.upperBound { found(last..<range.upperBound, false) }
    }

    /// The end of the match that begins at `at`; nil where none does.
    @inline(__always)
    private func match(_ points: [UInt32], _ at: Int, _ range: Range<Int>) -> Int? {
        let tables = UnicodeTables.shared
        switch self {
        case .property(let property): return tables.has(points[at], property) ? at + 1 : nil
        case .points(let set): return set.contains(points[at]) ? at + 1 : nil
        case .run(let property, let least):
            return enough(end(points, at, range) { tables.has($0, property) }, at, least)
        case .pointRun(let point, let least): return enough(end(points, at, range) { $0 == point }, at, least)
        case .literal(let text):
            guard at + text.count <= range.upperBound else { return nil }
            return points[at..<at + text.count].elementsEqual(text) ? at + text.count : nil
        case .spacesOrControl:
            let end = end(points, at, range) { tables.has($0, .regexSpace) }
            return end - at >= 2 || [0x0A, 0x0D, 0x09].contains(points[at]) ? max(end, at + 1) : nil
        case .outerSpaces: return nil  // found from both ends instead: an inner run of spaces must be read but once
        case .words:
            let isWord = tables.has(points[at], .word)
            if !isWord, tables.has(points[at], .space) { return nil }
            return end(points, at, range) { tables.has($0, .word) == isWord && (isWord || !tables.has($0, .space)) }
        case .gpt2: return gpt2Word(points, at, range)
        }
    }

    private func forEachOuterSegment(
        of points: [UInt32], in range: Range<Int>, _ found: (Range<Int>, _ isMatch: Bool) -> Void
    ) {
        let start = end(points, range.lowerBound, range) { $0 == 0x20 }
        var end = range.upperBound
        while end > start, points[end - 1] == 0x20 { end -= 1 }
        if start > range.lowerBound { found(range.lowerBound..<start, true) }
        if end > start { found(start..<end, false) }
        if range.upperBound > end { found(end..<range.upperBound, true) }
    }

    private func enough(_ end: Int, _ start: Int, _ least: Int) -> Int? { end - start >= least ? end : nil }

    @inline(__always)
    private func end(_ points: [UInt32], _ start: Int, _ range: Range<Int>, _ isPart: (UInt32) -> Bool) -> Int {
        var end = start
        while end < range.upperBound, isPart(points[end]) { end += 1 }
        return end
    }

    private static let contractions: [[UInt32]] = ["s", "t", "re", "ve", "m", "ll", "d"].map(\.codePoints)

    private func gpt2Word(_ points: [UInt32], _ at: Int, _ range: Range<Int>) -> Int {
        let tables = UnicodeTables.shared
        if points[at] == 0x27 {
            for ending in Self.contractions {
                let end = at + 1 + ending.count
                if end <= range.upperBound, points[at + 1..<end].elementsEqual(ending) { return end }
            }
        }
        let kinds = UnicodeTables.Property([.letter, .number, .regexSpace]).rawValue
        let start = points[at] == 0x20 && at + 1 < range.upperBound ? at + 1 : at
        let kind = tables.entry(points[start]) & kinds
        if kind != UnicodeTables.Property.regexSpace.rawValue {
            return end(points, start, range) { tables.entry($0) & kinds == kind }
        }
        let end = end(points, at, range) { tables.has($0, .regexSpace) }
        return end == range.upperBound || end - at == 1 ? end : end - 1
    }
}
