import Foundation

/// SentencePiece's normalization: a double-array trie (Darts) of UTF-8 strings, and what each of them becomes.
///
/// It does as `spm_precompiled` and `tokenizers` do, also where that is odd: a cluster of less than six bytes becomes
/// what the shortest prefix of it that is in the trie becomes.
struct Charsmap: Sendable {
    private let units: [UInt32]
    /// UTF-8 texts, each ended by a zero.
    private let texts: [UInt8]

    init(_ fields: Fields) throws {
        let key = "precompiled_charsmap"
        guard let data = Data(base64Encoded: try fields.string(key)), data.count >= 4 else { throw fields.damaged(key) }
        let bytes = [UInt8](data)
        func unit(_ at: Int) -> UInt32 {
            UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16 | UInt32(bytes[at + 3]) << 24
        }
        let count = Int(unit(0)) / 4
        guard count > 0, 4 + 4 * count <= bytes.count else { throw fields.damaged(key) }
        units = (0..<count).map { unit(4 + 4 * $0) }
        texts = Array(bytes[(4 + 4 * count)...])
        guard texts.withUnsafeBufferPointer(isValidUTF8) else { throw fields.damaged(key) }
    }

    func apply(to text: inout AlignedText) {
        let points = text.points
        var changes: [(point: UInt32, change: Int)] = []
        changes.reserveCapacity(points.count)
        var isChanged = false
        func put(_ range: Range<Int>, _ new: [UInt32]) {
            isChanged = true
            let more = new.count - range.count
            for (i, point) in new.enumerated() { changes.append((point, more > 0 && i >= new.count - more ? 1 : 0)) }
            if more < 0, !changes.isEmpty { changes[changes.count - 1].change += more }
        }
        var scanner = GraphemeScanner(points)
        var at = 0
        while at < points.count {
            let end = scanner.end(from: at)
            let cluster = at..<end
            at = end
            if cluster.count > 1, points[cluster].reduce(0, { $0 + utf8Length($1) }) < 6,
                let new = mapped(points[cluster])
            {
                put(cluster, new)
                continue
            }
            for i in cluster {
                if let new = mapped(points[i...i]) { put(i..<i + 1, new) } else { changes.append((points[i], 0)) }
            }
        }
        if isChanged { text.rewrite(changes) }
    }

    /// What the shortest prefix that the trie has becomes; nil where it has none.
    private func mapped(_ points: ArraySlice<UInt32>) -> [UInt32]? {
        var node = Self.offset(units[0])
        for point in points {
            for byte in UTF8.encode(Unicode.Scalar(point) ?? "\u{FFFD}")! {
                if byte == 0 { return nil }
                node ^= Int(byte)
                guard node < units.count, units[node] & (1 << 31 | 0xFF) == UInt32(byte) else { return nil }
                let unit = units[node]
                node ^= Self.offset(unit)
                guard node < units.count else { return nil }
                if unit >> 8 & 1 == 1 { return text(at: Int(units[node] & (1 << 31 - 1))) }
            }
        }
        return nil
    }

    private static func offset(_ unit: UInt32) -> Int { Int(unit >> 10) << Int((unit & 1 << 9) >> 6) }

    private func text(at start: Int) -> [UInt32]? {
        guard start <= texts.count else { return nil }
        let end = texts[start...].firstIndex(of: 0) ?? texts.count
        return String(decoding: texts[start..<end], as: UTF8.self).codePoints
    }
}

/// The bytes of a code point in UTF-8.
@inline(__always)
func utf8Length(_ point: UInt32) -> Int { point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4 }
