/// What the tokenizers ask of a code point, from tables probed of Hugging Face's `tokenizers`.
///
/// The system's own Unicode tables differ from one iOS version to the next, so nothing here asks them.
struct UnicodeTables: Sendable {
    /// A set of code points, as a bit of an entry.
    struct Property: OptionSet, Sendable {
        let rawValue: UInt32

        static let control = Property(rawValue: 1 << 0)
        static let bertSpace = Property(rawValue: 1 << 1)
        static let space = Property(rawValue: 1 << 2)
        static let bertPunctuation = Property(rawValue: 1 << 3)
        static let punctuation = Property(rawValue: 1 << 4)
        static let cjk = Property(rawValue: 1 << 5)
        static let nonspacing = Property(rawValue: 1 << 6)
        static let mark = Property(rawValue: 1 << 7)
        static let letter = Property(rawValue: 1 << 8)
        static let number = Property(rawValue: 1 << 9)
        static let regexSpace = Property(rawValue: 1 << 10)
        static let word = Property(rawValue: 1 << 11)
        static let addedWord = Property(rawValue: 1 << 12)
        static let numeric = Property(rawValue: 1 << 13)
        static let nmtRemove = Property(rawValue: 1 << 14)
        static let nmtSpace = Property(rawValue: 1 << 15)
        /// The code point has an entry in that map.
        static let lower = Property(rawValue: 1 << 16)
        static let nfd = Property(rawValue: 1 << 17)
        static let nfkd = Property(rawValue: 1 << 18)
    }

    static let shared = UnicodeTables(unicodeData)

    /// Bits 0 to 18 the properties, 19 to 23 the grapheme class, 24 to 31 the canonical combining class; pages of 256.
    private let entries: [UInt32]
    /// Where the entries of a page begin.
    private let pages: [Int32]
    private let maps: [String: [UInt32: [UInt32]]]
    private let compositions: [UInt64: UInt32]

    static let pageCount = 0x110000 >> 8

    /// Builds the tables from the generated text; its form is written down in `conformance/README.md`.
    init(_ text: String) {
        var builder = UnicodeTableBuilder()
        builder.read(text)
        (entries, pages) = builder.packed()
        maps = builder.maps
        compositions = builder.compositions
    }

    @inline(__always)
    func entry(_ point: UInt32) -> UInt32 { entries[Int(pages[Int(point >> 8)]) + Int(point & 0xFF)] }

    @inline(__always)
    func has(_ point: UInt32, _ property: Property) -> Bool { entry(point) & property.rawValue != 0 }

    @inline(__always)
    func combiningClass(_ point: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: entry(point) >> 24) }

    @inline(__always)
    func graphemeClass(_ point: UInt32) -> GraphemeClass {
        GraphemeClass(rawValue: UInt8(truncatingIfNeeded: entry(point) >> 19 & 31)) ?? .any
    }

    /// The lower-case form, where it differs.
    func lower(_ point: UInt32) -> [UInt32]? { has(point, .lower) ? maps["lower"]?[point] : nil }

    /// The full canonical, or compatible, decomposition of a code point that is no Hangul syllable, where it differs.
    func decomposition(_ point: UInt32, compatible: Bool) -> [UInt32]? {
        if compatible { return has(point, .nfkd) ? maps["nfkd"]?[point] : nil }
        return has(point, .nfd) ? maps["nfd"]?[point] : nil
    }

    /// The primary composite of two code points that are no Hangul jamo.
    func composition(_ first: UInt32, _ second: UInt32) -> UInt32? {
        compositions[UInt64(first) << 32 | UInt64(second)]
    }
}

/// Reads the generated text of the tables.
private struct UnicodeTableBuilder {
    private var flat = [UInt32](repeating: 0, count: 0x110000)
    private(set) var maps: [String: [UInt32: [UInt32]]] = [:]
    private(set) var compositions: [UInt64: UInt32] = [:]

    private static let sets: [String: UnicodeTables.Property] = [
        "control": .control, "bert_space": .bertSpace, "space": .space, "bert_punctuation": .bertPunctuation,
        "punctuation": .punctuation, "cjk": .cjk, "nonspacing": .nonspacing, "mark": .mark, "letter": .letter,
        "number": .number, "regex_space": .regexSpace, "word": .word, "added_word": .addedWord, "numeric": .numeric,
        "nmt_remove": .nmtRemove, "nmt_space": .nmtSpace,
    ]
    private static let mapProperties: [String: UnicodeTables.Property] = ["lower": .lower, "nfd": .nfd, "nfkd": .nfkd]
    private static let classShifts = ["grapheme": UInt32(19), "ccc": UInt32(24)]

    mutating func read(_ text: String) {
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"))
        precondition(
            lines.first.flatMap { String($0) } == "edgelm-unicode 1", "UnicodeData.swift is of another version")
        for line in lines.dropFirst() {
            let fields = line.split(separator: UInt8(ascii: " "))
            let name = String(fields[1])!
            switch String(fields[0])! {
            case "set": readRanges(fields.dropFirst(2), bits: Self.sets[name]?.rawValue)
            case "class": readRanges(fields.dropFirst(2), shift: Self.classShifts[name])
            default: readMap(fields.dropFirst(2), name: name)
            }
        }
    }

    private mutating func readRanges(
        _ fields: ArraySlice<Substring.UTF8View>, bits: UInt32? = nil, shift: UInt32? = nil
    ) {
        var next = 0
        for field in fields {
            var numbers = Base36(field)
            let start = next + numbers.next()
            let end = start + (numbers.separator == UInt8(ascii: "+") ? numbers.next() : 0)
            let value = bits ?? (numbers.separator == UInt8(ascii: ":") ? UInt32(numbers.next()) << (shift ?? 0) : 0)
            for point in start...end { flat[point] |= value }
            next = end + 1
        }
    }

    private mutating func readMap(_ fields: ArraySlice<Substring.UTF8View>, name: String) {
        var next = 0
        var entries: [UInt32: [UInt32]] = [:]
        let bit = Self.mapProperties[name]?.rawValue ?? 0
        for field in fields {
            var numbers = Base36(field)
            let point = next + numbers.next()
            var targets: [UInt32] = []
            while numbers.separator != nil { targets.append(UInt32(numbers.next())) }
            next = point + 1
            if name == "compose" {
                compositions[UInt64(point) << 32 | UInt64(targets[0])] = targets[1]
            } else {
                entries[UInt32(point)] = targets
                flat[point] |= bit
            }
        }
        if name != "compose" { maps[name] = entries }
    }

    /// The entries, and where each page of them begins; a page equal to the one before it is not kept twice.
    func packed() -> ([UInt32], [Int32]) {
        var entries: [UInt32] = []
        var pages: [Int32] = []
        for page in 0..<UnicodeTables.pageCount {
            let slice = flat[page << 8..<(page + 1) << 8]
            if let last = pages.last, slice == entries[Int(last)..<Int(last) + 256] {
                pages.append(last)
            } else {
                pages.append(Int32(entries.count))
                entries.append(contentsOf: slice)
            }
        }
        return (entries, pages)
    }
}

/// The numbers of one field, in base 36, and what separates each from the next.
private struct Base36 {
    private let field: Substring.UTF8View
    private var at: Substring.UTF8View.Index
    /// What stands behind the number read last.
    private(set) var separator: UInt8?

    init(_ field: Substring.UTF8View) {
        self.field = field
        at = field.startIndex
    }

    mutating func next() -> Int {
        var value = 0
        var sign = 1
        while at < field.endIndex {
            let byte = field[at]
            at = field.index(after: at)
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value * 36 + Int(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = value * 36 + Int(byte - UInt8(ascii: "a")) + 10
            case UInt8(ascii: "-"): sign = -1
            default:
                separator = byte
                return sign * value
            }
        }
        separator = nil
        return sign * value
    }
}
