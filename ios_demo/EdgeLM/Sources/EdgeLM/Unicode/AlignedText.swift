/// A text on its way to tokens, which knows for each of its code points where in the original it comes from.
///
/// It follows `NormalizedString` of Hugging Face's `tokenizers`, in code points instead of bytes.
struct AlignedText {
    /// A range of the original, in Unicode scalars.
    struct Span {
        var start: Int32
        var end: Int32
    }

    var points: [UInt32]
    /// For each code point the original's range; never empty, never descending.
    var spans: [Span]

    init(points: [UInt32], spans: [Span]) {
        self.points = points
        self.spans = spans
    }

    /// The original text itself.
    init(original points: [UInt32]) {
        self.points = points
        spans = points.indices.map { Span(start: Int32($0), end: Int32($0) + 1) }
    }

    var isEmpty: Bool { points.isEmpty }

    /// What a range, which is not empty, was in the original.
    func original(of range: Range<Int>) -> Range<Int> {
        Int(spans[range.lowerBound].start)..<Int(spans[range.upperBound - 1].end)
    }

    /// A copy of a part.
    func slice(_ range: Range<Int>) -> AlignedText {
        AlignedText(points: Array(points[range]), spans: Array(spans[range]))
    }

    mutating func append(_ other: AlignedText) {
        points.append(contentsOf: other.points)
        spans.append(contentsOf: other.spans)
    }

    /// Leaves out the code points that `isRemoved` is true of.
    mutating func remove(where isRemoved: (UInt32) -> Bool) {
        guard let first = points.firstIndex(where: isRemoved) else { return }
        var kept = first
        for i in first..<points.count where !isRemoved(points[i]) {
            points[kept] = points[i]
            spans[kept] = spans[i]
            kept += 1
        }
        points.removeSubrange(kept...)
        spans.removeSubrange(kept...)
    }

    /// Puts what `expand` gives in the place of a code point, where it gives something.
    mutating func expand(_ expand: (UInt32) -> [UInt32]?) {
        guard let first = points.firstIndex(where: { expand($0) != nil }) else { return }
        var text = slice(0..<first)
        for i in first..<points.count {
            guard let new = expand(points[i]) else {
                text.points.append(points[i])
                text.spans.append(spans[i])
                continue
            }
            text.points.append(contentsOf: new)
            text.spans.append(contentsOf: repeatElement(spans[i], count: new.count))
        }
        self = text
    }

    /// Puts code points before the first one, which they are aligned with; nothing before an empty text.
    mutating func prepend(_ new: [UInt32]) {
        guard let first = spans.first else { return }
        points.insert(contentsOf: new, at: 0)
        spans.insert(contentsOf: repeatElement(first, count: new.count), at: 0)
    }

    /// Puts `content` in the place of each match; it is aligned with the match's last code point.
    mutating func replace(_ pattern: Pattern, with content: [UInt32]) {
        var text = AlignedText(points: [], spans: [])
        var isChanged = false
        pattern.forEachSegment(of: points, in: 0..<points.count) { range, isMatch in
            if isMatch {
                isChanged = true
                text.points.append(contentsOf: content)
                text.spans.append(contentsOf: repeatElement(spans[range.upperBound - 1], count: content.count))
            } else {
                text.points.append(contentsOf: points[range])
                text.spans.append(contentsOf: spans[range])
            }
        }
        if isChanged { self = text }
    }

    /// Takes over a rewritten text. Each code point says how it changes the length: 1 for one that was inserted, 0 for
    /// one in the place of another, -n where n more are gone behind it.
    mutating func rewrite(_ changes: [(point: UInt32, change: Int)]) {
        var new = AlignedText(points: [], spans: [])
        new.points.reserveCapacity(changes.count)
        new.spans.reserveCapacity(changes.count)
        var at = 0
        for (point, change) in changes {
            new.points.append(point)
            new.spans.append(spans[change > 0 ? max(at - 1, 0) : at])
            at += 1 - change
        }
        self = new
    }
}
