/// Values of `class grapheme`: the property Grapheme_Cluster_Break, with Indic_Conjunct_Break where that matters.
enum GraphemeClass: UInt8 {
    case any = 0
    case cr, lf, control, extend, zwj, regionalIndicator, prepend, spacingMark
    case l, v, t, lv, lvt
    case pictographic, linker, consonant, conjunctExtend

    var isControl: Bool { self == .cr || self == .lf || self == .control }
    var isExtend: Bool { self == .extend || self == .linker || self == .conjunctExtend }
}

/// Extended grapheme clusters (UAX 29), one after the other, as the Rust crate unicode-segmentation finds them.
struct GraphemeScanner {
    private let points: [UInt32]
    private let tables = UnicodeTables.shared
    /// What stands before the next boundary: GB11's emoji, GB9c's conjunct, and how many regional indicators.
    private var isEmoji = false
    private var isConjunct = false
    private var hasLinker = false
    private var indicators = 0

    init(_ points: [UInt32]) { self.points = points }

    /// The end of the cluster that begins at `start`.
    mutating func end(from start: Int) -> Int {
        var before = tables.graphemeClass(points[start])
        var at = start + 1
        (isEmoji, isConjunct, hasLinker, indicators) = (false, false, false, 0)
        note(before)
        while at < points.count {
            let after = tables.graphemeClass(points[at])
            if isBoundary(before, after) { return at }
            note(after)
            before = after
            at += 1
        }
        return at
    }

    private mutating func note(_ cluster: GraphemeClass) {
        isEmoji = cluster == .pictographic || (isEmoji && (cluster.isExtend || cluster == .zwj))
        indicators = cluster == .regionalIndicator ? indicators + 1 : 0
        switch cluster {
        case .consonant: (isConjunct, hasLinker) = (true, false)
        case .linker: hasLinker = isConjunct
        case .conjunctExtend, .zwj: break
        default: (isConjunct, hasLinker) = (false, false)
        }
    }

    private func isBoundary(_ before: GraphemeClass, _ after: GraphemeClass) -> Bool {
        switch (before, after) {
        case (.cr, .lf): return false  // GB3
        case _ where before.isControl || after.isControl: return true  // GB4, GB5
        case (.l, .l), (.l, .v), (.l, .lv), (.l, .lvt): return false  // GB6
        case (.lv, .v), (.lv, .t), (.v, .v), (.v, .t): return false  // GB7
        case (.lvt, .t), (.t, .t): return false  // GB8
        case _ where after.isExtend || after == .zwj: return false  // GB9
        case (_, .spacingMark): return false  // GB9a
        case (.prepend, _): return false  // GB9b
        case (_, .consonant): return !(isConjunct && hasLinker)  // GB9c
        case (.zwj, .pictographic): return !isEmoji  // GB11
        case (.regionalIndicator, .regionalIndicator): return indicators % 2 == 0  // GB12, GB13
        default: return true  // GB999
        }
    }
}
