/// Whether bytes are UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing beyond U+10FFFF.
func isValidUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    var at = 0
    while at < bytes.count {
        let lead = bytes[at]
        if lead < 0x80 {
            at += 1
            continue
        }
        let second: ClosedRange<UInt8>
        let length: Int
        switch lead {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return false
        }
        guard at + length <= bytes.count, second.contains(bytes[at + 1]) else { return false }
        for i in 2..<max(length, 2) where bytes[at + i] & 0xC0 != 0x80 { return false }
        at += length
    }
    return true
}

extension String {
    /// The text of UTF-8 bytes; InputError where they are none. (`String(decoding:as:)` repairs them in silence.)
    public init(strictUTF8 bytes: [UInt8]) throws {
        guard bytes.withUnsafeBufferPointer(isValidUTF8) else { throw InputError.invalidUnicode }
        self.init(decoding: bytes, as: UTF8.self)
    }

    /// The text of UTF-16 code units, as `NSString` has them; InputError for half of a surrogate pair.
    public init(strictUTF16 units: [UInt16]) throws {
        var decoder = UTF16()
        var iterator = units.makeIterator()
        var text = String.UnicodeScalarView()
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar): text.append(scalar)
            case .emptyInput:
                self.init(text)
                return
            case .error: throw InputError.invalidUnicode
            }
        }
    }

    /// The code points.
    var codePoints: [UInt32] {
        var found: [UInt32] = []
        found.reserveCapacity(utf8.count)
        for scalar in unicodeScalars { found.append(scalar.value) }
        return found
    }

    /// The text of code points, all of which are Unicode scalars.
    init<S: Sequence>(codePoints: S) where S.Element == UInt32 {
        var text = String.UnicodeScalarView()
        for point in codePoints { text.append(Unicode.Scalar(point) ?? "\u{FFFD}") }
        self.init(text)
    }

    /// Where a range of Unicode scalars, the unit of `Encoding.offsets` and of answers, lies in this string.
    ///
    /// Nil where the text has fewer scalars.
    public func range(ofScalars range: Range<Int>) -> Range<String.Index>? {
        let scalars = unicodeScalars
        guard
            let start = scalars.index(startIndex, offsetBy: range.lowerBound, limitedBy: endIndex),
            let end = scalars.index(start, offsetBy: range.count, limitedBy: endIndex)
        else { return nil }
        return start..<end
    }
}
