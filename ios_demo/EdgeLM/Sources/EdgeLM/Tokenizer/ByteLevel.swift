/// The letters that byte-level BPE writes bytes with (GPT-2's encoder.py).
enum ByteLevel {
    /// The letter of each byte: itself where it can be seen, else one from U+0100 on.
    static let letters: [UInt32] = {
        var next: UInt32 = 0x100
        return (UInt32(0)...255).map { byte in
            if (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE { return byte }
            defer { next += 1 }
            return next
        }
    }()

    static let bytes: [UInt32: UInt8] = Dictionary(uniqueKeysWithValues: letters.enumerated().map { ($1, UInt8($0)) })

    static let space = letters[0x20]

    /// The letters of a code point's bytes in UTF-8.
    static func letters(of point: UInt32) -> [UInt32] {
        point < 0x80
            ? [letters[Int(point)]] : UTF8.encode(Unicode.Scalar(point) ?? "\u{FFFD}")!.map { letters[Int($0)] }
    }

    /// Appends the letters of a code point's bytes, all aligned with it.
    @inline(__always)
    static func append(_ point: UInt32, _ span: AlignedText.Span, to text: inout AlignedText) {
        if point < 0x80 {
            text.points.append(letters[Int(point)])
            text.spans.append(span)
            return
        }
        for byte in UTF8.encode(Unicode.Scalar(point) ?? "\u{FFFD}")! {
            text.points.append(letters[Int(byte)])
            text.spans.append(span)
        }
    }
}
