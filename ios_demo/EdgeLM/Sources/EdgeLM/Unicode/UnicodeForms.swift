/// The normalization forms of Unicode (UAX 15), with the changes of length that `AlignedText.rewrite` takes.
struct UnicodeForm: Sendable {
    let isCompatible: Bool
    let isComposed: Bool

    private typealias Element = (point: UInt32, change: Int, combiningClass: UInt8)

    func apply(to text: inout AlignedText) {
        guard let first = text.points.firstIndex(where: { $0 >= 0xA0 }), text.points.count > first else { return }
        let elements = decomposed(text.points)
        text.rewrite(isComposed ? Self.composed(elements) : elements.map { ($0.point, $0.change) })
    }

    /// Decompositions in canonical order. The first code point of each is in its place, the others are inserted.
    private func decomposed(_ points: [UInt32]) -> [Element] {
        let tables = UnicodeTables.shared
        var elements: [Element] = []
        elements.reserveCapacity(points.count)
        var ordered = 0
        func push(_ point: UInt32, _ change: Int) {
            let combiningClass = point < 0x300 ? 0 : tables.combiningClass(point)
            if combiningClass == 0 {
                Self.order(&elements, from: ordered)
                ordered = elements.count + 1
            }
            elements.append((point, change, combiningClass))
        }
        for point in points {
            if let jamo = Hangul.decomposition(point) {
                for (i, part) in jamo.enumerated() { push(part, i > 0 ? 1 : 0) }
            } else if point >= 0xA0, let parts = tables.decomposition(point, compatible: isCompatible) {
                for (i, part) in parts.enumerated() { push(part, i > 0 ? 1 : 0) }
            } else {
                push(point, 0)
            }
        }
        Self.order(&elements, from: ordered)
        return elements
    }

    /// Sorts the marks at the end by their combining class; those of one class stay in their order.
    private static func order(_ elements: inout [Element], from start: Int) {
        guard elements.count - start > 1 else { return }
        let marks = elements[start...].enumerated().sorted {
            ($0.element.combiningClass, $0.offset) < ($1.element.combiningClass, $1.offset)
        }
        elements.replaceSubrange(start..., with: marks.map(\.element))
    }

    /// The canonical composition. What takes up the next code point is one shorter than both.
    private static func composed(_ elements: [Element]) -> [(point: UInt32, change: Int)] {
        var out: [(point: UInt32, change: Int)] = []
        out.reserveCapacity(elements.count)
        /// Where the last starter stands in `out`, and the class of the last mark behind it.
        var starter: Int?
        var lastClass: UInt8?
        for element in elements {
            guard let at = starter else {
                if element.combiningClass == 0 { starter = out.count }
                out.append((element.point, element.change))
                continue
            }
            let isBlocked = lastClass.map { $0 >= element.combiningClass } ?? false
            if !isBlocked, let composite = compose(out[at].point, element.point) {
                out[at] = (composite, out[at].change + element.change - 1)
                continue
            }
            if element.combiningClass == 0 {
                starter = out.count
                lastClass = nil
            } else {
                lastClass = element.combiningClass
            }
            out.append((element.point, element.change))
        }
        return out
    }

    private static func compose(_ first: UInt32, _ second: UInt32) -> UInt32? {
        Hangul.composition(first, second) ?? UnicodeTables.shared.composition(first, second)
    }
}

/// Hangul syllables by arithmetic (The Unicode Standard, section 3.12).
private enum Hangul {
    private static let (s, l, v, t): (UInt32, UInt32, UInt32, UInt32) = (0xAC00, 0x1100, 0x1161, 0x11A7)
    private static let (ls, vs, ts): (UInt32, UInt32, UInt32) = (19, 21, 28)

    static func decomposition(_ point: UInt32) -> [UInt32]? {
        guard point >= s, point < s + ls * vs * ts else { return nil }
        let index = point - s
        let pair = [l + index / (vs * ts), v + index % (vs * ts) / ts]
        return index % ts == 0 ? pair : pair + [t + index % ts]
    }

    static func composition(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if (l..<l + ls).contains(first), (v..<v + vs).contains(second) {
            return s + ((first - l) * vs + (second - v)) * ts
        }
        if (s..<s + ls * vs * ts).contains(first), (first - s) % ts == 0, (t + 1..<t + ts).contains(second) {
            return first + (second - t)
        }
        return nil
    }
}
