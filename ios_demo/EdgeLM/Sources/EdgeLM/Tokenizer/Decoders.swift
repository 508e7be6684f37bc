/// A step that makes text of tokens again.
indirect enum Decoder: Sendable {
    case wordPiece(prefix: [UInt32], cleansUp: Bool)
    case byteLevel
    case metaspace(replacement: UInt32, dropsFirst: Bool)
    case byteFallback
    case fuse
    case strip(UInt32, start: Int, stop: Int)
    case replace(Pattern, [UInt32])
    case bytePairs(suffix: [UInt32])
    case sequence([Decoder])

    func apply(to tokens: [[UInt32]]) -> [[UInt32]] {
        switch self {
        case .wordPiece(let prefix, let cleansUp):
            return tokens.enumerated().map { i, token in
                let text = i == 0 ? token : Self.joined(token, prefix)
                return cleansUp ? Self.cleanedUp(text) : text
            }
        case .byteLevel:
            let bytes = tokens.flatMap { token -> [UInt8] in
                let bytes = token.compactMap { ByteLevel.bytes[$0] }
                return bytes.count == token.count ? bytes : Array(String(codePoints: token).utf8)
            }
            return [String(decoding: bytes, as: UTF8.self).codePoints]
        case .metaspace(let replacement, let dropsFirst):
            return tokens.enumerated().map { i, token in
                let isDropped = i == 0 && dropsFirst
                return token.compactMap { $0 != replacement ? $0 : isDropped ? nil : 0x20 }
            }
        case .byteFallback: return Self.joinBytes(tokens)
        case .fuse: return [tokens.flatMap { $0 }]
        case .strip(let point, let start, let stop):
            return tokens.map { token in
                let first = token.prefix(start).prefix { $0 == point }.count
                let last = token.suffix(stop).reversed().prefix { $0 == point }.count
                return first + last < token.count ? Array(token[first..<token.count - last]) : []
            }
        case .replace(let pattern, let content):
            return tokens.map { Self.replace($0, pattern, content) }
        case .bytePairs(let suffix):
            guard !suffix.isEmpty else { return tokens }
            return tokens.enumerated().map { i, token in
                Self.replace(token, .literal(suffix), i == tokens.count - 1 ? [] : [0x20])
            }
        case .sequence(let steps): return steps.reduce(tokens) { $1.apply(to: $0) }
        }
    }

    private static func replace(_ points: [UInt32], _ pattern: Pattern, _ content: [UInt32]) -> [UInt32] {
        var new: [UInt32] = []
        pattern.forEachSegment(of: points, in: 0..<points.count) { range, isMatch in
            new.append(contentsOf: isMatch ? content : Array(points[range]))
        }
        return new
    }

    /// A token behind another one: without the prefix of one that continues a word, else with a space before it.
    private static func joined(_ token: [UInt32], _ prefix: [UInt32]) -> [UInt32] {
        token.starts(with: prefix) ? Array(token.dropFirst(prefix.count)) : [0x20] + token
    }

    private static let cleaning: [(Pattern, [UInt32])] = [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
        (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ].map { (.literal($0.0.codePoints), $0.1.codePoints) }

    private static func cleanedUp(_ text: [UInt32]) -> [UInt32] {
        text.contains(0x20) ? cleaning.reduce(text) { replace($0, $1.0, $1.1) } : text
    }

    /// Tokens such as `<0xE4>` that follow each other as one text, or each as U+FFFD where they are no UTF-8.
    private static func joinBytes(_ tokens: [[UInt32]]) -> [[UInt32]] {
        var joined: [[UInt32]] = []
        var bytes: [UInt8] = []
        func flush() {
            if bytes.isEmpty { return }
            if let text = try? String(strictUTF8: bytes) {
                joined.append(text.codePoints)
            } else {
                joined.append(contentsOf: bytes.map { _ in [0xFFFD] })
            }
            bytes = []
        }
        for token in tokens {
            if let byte = byte(token) {
                bytes.append(byte)
            } else {
                flush()
                joined.append(token)
            }
        }
        flush()
        return joined
    }

    private static func byte(_ token: [UInt32]) -> UInt8? {
        guard token.count == 6, token.starts(with: "<0x".codePoints), token[5] == 0x3E else { return nil }
        // As Rust's from_str_radix, which takes a plus sign before the digit.
        let digits = token[3..<5].drop { $0 == 0x2B && token[4] != 0x2B }
        return digits.allSatisfy { $0 < 0x80 } ? UInt8(String(codePoints: digits), radix: 16) : nil
    }
}

extension Decoder {
    /// Reads `decoder` of a tokenizer.json.
    static func read(_ json: JSON, _ place: String) throws -> Decoder {
        let fields = try Fields(json, place)
        switch try fields.string("type") {
        case "WordPiece":
            return .wordPiece(prefix: try fields.string("prefix").codePoints, cleansUp: try fields.bool("cleanup"))
        case "ByteLevel": return .byteLevel
        case "Metaspace":
            let metaspace = try Metaspace.read(fields)
            return .metaspace(replacement: metaspace.replacement, dropsFirst: metaspace.prepend != .never)
        case "ByteFallback": return .byteFallback
        case "Fuse": return .fuse
        case "Strip":
            let content = try fields.string("content").codePoints
            guard content.count == 1 else { throw fields.damaged("content") }
            return .strip(content[0], start: try fields.count("start"), stop: try fields.count("stop"))
        case "Replace": return .replace(try Pattern.read(fields), try fields.string("content").codePoints)
        case "BPEDecoder": return .bytePairs(suffix: try fields.string("suffix").codePoints)
        case "Sequence":
            return .sequence(try fields.array("decoders").enumerated().map { try read($1, "\(place)[\($0)]") })
        case let other: throw UnsupportedError(other, "The tokenizer's decoder \(other) is not supported.")
        }
    }
}
