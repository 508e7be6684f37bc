/// The symbols of one word while they are merged: a linked list, and a heap of the pairs that can be merged.
struct SymbolList {
    private struct Symbol {
        var id: Int32
        /// In bytes; 0 once it is part of the symbol on its left.
        var length: Int32
        var previous: Int32
        var next: Int32
    }

    private var symbols: [Symbol] = []
    /// Every character is one byte, so that places in bytes are places in code points.
    var isASCII = true

    init(capacity: Int) { symbols.reserveCapacity(capacity) }

    mutating func append(_ id: Int, length: Int) {
        let at = Int32(symbols.count)
        if at > 0 { symbols[Int(at) - 1].next = at }
        symbols.append(Symbol(id: Int32(id), length: Int32(length), previous: at - 1, next: -1))
    }

    /// Merges until no pair is in the table: the lowest rank first, of equal ones the left.
    mutating func merge(_ table: PairTable) {
        guard symbols.count > 1 else { return }
        var heap = MinHeap()
        for i in 0..<symbols.count - 1 {
            if let merge = table.merge(symbols[i].id, symbols[i + 1].id) { heap.push(Self.entry(merge.rank, i)) }
        }
        while let entry = heap.pop() {
            let at = Int(entry & 0xFFFF_FFFF)
            let next = Int(symbols[at].next)
            // The pair may be gone since: one of its symbols was merged with another.
            guard symbols[at].length > 0, next >= 0, let merge = table.merge(symbols[at].id, symbols[next].id),
                UInt64(merge.rank) == entry >> 32
            else { continue }
            symbols[at].id = merge.merged
            symbols[at].length += symbols[next].length
            symbols[at].next = symbols[next].next
            symbols[next].length = 0
            let (previous, following) = (Int(symbols[at].previous), Int(symbols[at].next))
            if following >= 0 {
                symbols[following].previous = Int32(at)
                if let new = table.merge(merge.merged, symbols[following].id) { heap.push(Self.entry(new.rank, at)) }
            }
            if previous >= 0, let new = table.merge(symbols[previous].id, merge.merged) {
                heap.push(Self.entry(new.rank, previous))
            }
        }
    }

    private static func entry(_ rank: UInt32, _ at: Int) -> UInt64 { UInt64(rank) << 32 | UInt64(at) }

    var tokenCount: Int { symbols.reduce(0) { $0 + ($1.length > 0 ? 1 : 0) } }

    /// The symbols that are left, with their bytes counted from the beginning of the word.
    func forEachToken(_ found: (_ id: Int, _ bytes: Range<Int>) -> Void) {
        var start = 0
        for symbol in symbols where symbol.length > 0 {
            found(Int(symbol.id), start..<start + Int(symbol.length))
            start += Int(symbol.length)
        }
    }
}

/// A binary heap, the smallest first.
private struct MinHeap {
    private var entries: [UInt64] = []

    mutating func push(_ entry: UInt64) {
        entries.append(entry)
        var at = entries.count - 1
        while at > 0 {
            let parent = (at - 1) / 2
            if entries[parent] <= entry { break }
            entries[at] = entries[parent]
            at = parent
        }
        entries[at] = entry
    }

    mutating func pop() -> UInt64? {
        guard let top = entries.first, let last = entries.popLast() else { return nil }
        if entries.isEmpty { return top }
        var at = 0
        while true {
            var child = 2 * at + 1
            if child >= entries.count { break }
            if child + 1 < entries.count, entries[child + 1] < entries[child] { child += 1 }
            if entries[child] >= last { break }
            entries[at] = entries[child]
            at = child
        }
        entries[at] = last
        return top
    }
}
