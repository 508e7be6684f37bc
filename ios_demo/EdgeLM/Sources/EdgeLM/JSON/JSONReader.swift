/// Why a text is no JSON, and at which byte.
public struct JSONError: Error, CustomStringConvertible {
    public let reason: String
    public let offset: Int

    public var description: String { "\(reason) at byte \(offset)" }
}

extension JSON {
    /// Objects and arrays inside each other; as many as the reader of `tokenizers` allows.
    static let deepest = 127

    /// Reads UTF-8 bytes; JSONError for anything that is not one JSON value of at most 127 levels.
    public static func parse(_ bytes: [UInt8]) throws -> JSON {
        try bytes.withUnsafeBufferPointer { buffer in
            guard isValidUTF8(buffer) else { throw JSONError(reason: "not UTF-8", offset: 0) }
            var reader = JSONReader(bytes: buffer)
            return try reader.document()
        }
    }
}

/// A recursive-descent reader over valid UTF-8.
private struct JSONReader {
    let bytes: UnsafeBufferPointer<UInt8>
    var at = 0

    mutating func document() throws -> JSON {
        let value = try value(depth: 0)
        skipSpace()
        guard at == bytes.count else { throw error("something follows the value") }
        return value
    }

    private func error(_ reason: String) -> JSONError { JSONError(reason: reason, offset: at) }

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func skipSpace() {
        while at < bytes.count {
            switch bytes[at] {
            case 0x20, 0x0A, 0x0D, 0x09: at += 1
            default: return
            }
        }
    }

    private mutating func value(depth: Int) throws -> JSON {
        guard depth <= JSON.deepest else { throw error("nested too deeply") }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return try string().map(JSON.string) ?? .brokenString
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSON) throws -> JSON {
        let end = at + word.utf8CodeUnitCount
        guard end <= bytes.count, (0..<word.utf8CodeUnitCount).allSatisfy({ bytes[at + $0] == word.utf8Start[$0] })
        else { throw error("no value") }
        at = end
        return value
    }

    private mutating func object(depth: Int) throws -> JSON {
        at += 1
        var members: [JSON.Member] = []
        skipSpace()
        if next == UInt8(ascii: "}") {
            at += 1
            return .object(members)
        }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw error("no key") }
            let key = try string() ?? "\u{FFFD}"
            skipSpace()
            guard next == UInt8(ascii: ":") else { throw error("no colon") }
            at += 1
            members.append(JSON.Member(key, try value(depth: depth + 1)))
            if try isLast(UInt8(ascii: "}")) { return .object(members) }
        }
    }

    private mutating func array(depth: Int) throws -> JSON {
        at += 1
        var values: [JSON] = []
        skipSpace()
        if next == UInt8(ascii: "]") {
            at += 1
            return .array(values)
        }
        while true {
            values.append(try value(depth: depth + 1))
            if try isLast(UInt8(ascii: "]")) { return .array(values) }
        }
    }

    private mutating func isLast(_ closing: UInt8) throws -> Bool {
        skipSpace()
        guard next == closing || next == UInt8(ascii: ",") else { throw error("no comma") }
        at += 1
        return bytes[at - 1] == closing
    }

    // MARK: - Strings

    /// The string from its opening quote on; nil where it holds half of a surrogate pair.
    private mutating func string() throws -> String? {
        at += 1
        let start = at
        while at < bytes.count, bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "\\"), bytes[at] >= 0x20 {
            at += 1
        }
        guard next == UInt8(ascii: "\"") else { return try escapedString(from: start) }
        defer { at += 1 }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private mutating func escapedString(from start: Int) throws -> String? {
        var text = Array(bytes[start..<at])
        var isWhole = true
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                at += 1
                return isWhole ? String(decoding: text, as: UTF8.self) : nil
            case UInt8(ascii: "\\"):
                at += 1
                guard let scalar = try escape() else {
                    isWhole = false
                    continue
                }
                text.append(contentsOf: UTF8.encode(scalar)!)
            case ..<0x20: throw error("a control character in a string")
            default:
                text.append(byte)
                at += 1
            }
        }
        throw error("a string without end")
    }

    /// The character of an escape whose backslash was read; nil for half of a surrogate pair.
    private mutating func escape() throws -> Unicode.Scalar? {
        guard let letter = next else { throw error("a string without end") }
        at += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw error("an unknown escape")
        }
    }

    private mutating func unicodeEscape() throws -> Unicode.Scalar? {
        let first = try hexadecimal()
        guard (0xD800..<0xDC00).contains(first) else { return Unicode.Scalar(first) }
        guard at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"), bytes[at + 1] == UInt8(ascii: "u") else {
            return nil
        }
        let back = at
        at += 2
        let second = try hexadecimal()
        guard (0xDC00..<0xE000).contains(second) else {
            at = back
            return nil
        }
        return Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
    }

    private mutating func hexadecimal() throws -> UInt32 {
        guard at + 4 <= bytes.count else { throw error("a short escape") }
        var value: UInt32 = 0
        for byte in bytes[at..<at + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw error("an unknown escape") }
            value = value << 4 | UInt32(digit)
        }
        at += 4
        return value
    }

    // MARK: - Numbers

    private mutating func number() throws -> JSON {
        let start = at
        if next == UInt8(ascii: "-") { at += 1 }
        let whole = digits()
        guard whole > 0, whole == 1 || bytes[at - whole] != UInt8(ascii: "0") else { throw error("no value") }
        var isInteger = true
        if next == UInt8(ascii: ".") {
            isInteger = false
            at += 1
            guard digits() > 0 else { throw error("a number without its fraction") }
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            isInteger = false
            at += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { at += 1 }
            guard digits() > 0 else { throw error("a number without its exponent") }
        }
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        if isInteger, let value = Int(text) { return .int(value) }
        guard let value = decimal(text), value.isFinite else { throw error("a number out of range") }
        return .double(value)
    }

    /// A number as `tokenizers` reads it: its digits are a whole number, which a power of ten divides. That is not always the
    /// nearest Double, and of two ways to cut a word that are equally good the last bit of a score decides. Of more digits than
    /// a whole number holds, it is the nearest.
    private func decimal(_ text: String) -> Double? {
        let parts = text.split(whereSeparator: { $0 == "e" || $0 == "E" })
        let places = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let digits = places.joined()
        guard let whole = Double(digits), whole != 0, digits.utf8.count <= Self.mostDigits,
            let exponent = parts.count == 1 ? 0 : Int32(parts[1])
        else { return Double(text) }
        let power = Int(exponent) - (places.count == 1 ? 0 : places[1].utf8.count)
        if power >= 0 { return whole * Self.ten(to: power) }
        if power >= -Self.largestPower { return whole / Self.ten(to: -power) }
        return whole / Self.ten(to: Self.largestPower) / Self.ten(to: -power - Self.largestPower)
    }

    private static let mostDigits = 19
    private static let largestPower = 308

    private static func ten(to power: Int) -> Double { Double("1e\(power)") ?? .infinity }

    private mutating func digits() -> Int {
        let start = at
        while at < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[at]) { at += 1 }
        return at - start
    }
}
