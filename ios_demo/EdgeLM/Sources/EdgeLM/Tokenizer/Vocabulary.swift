/// Tokens and their ids: a trie of code points, in one hash table of its edges, and the text of every id.
///
/// Swift compares strings by canonical equivalence, so tokens are never keys of a dictionary here.
struct Vocabulary: Sendable {
    static let root: UInt32 = 0
    private static let mostIDs = 1 << 21

    /// How many tokens were given; of equal ones the last id counts.
    private(set) var count = 0
    private var edges: EdgeTable
    /// The id of the token that ends at a node; -1 where none does.
    private var ids: [Int32] = [-1]
    private var tokens: [String?] = []

    /// `keepsTexts: false` leaves out what `token(of:)` answers. BundleError for an id that no embedding table has.
    init(_ entries: [(token: String, id: Int)], _ place: String, keepsTexts: Bool = true) throws {
        let characters = entries.reduce(0) { $0 + $1.token.utf8.count }
        edges = EdgeTable(capacity: characters)
        let largest = entries.reduce(-1) { max($0, $1.id) }
        guard largest < Self.mostIDs, entries.allSatisfy({ $0.id >= 0 }) else {
            throw BundleError(.damaged, "\(place) has an id that no model has; it is damaged.")
        }
        if keepsTexts { tokens = Array(repeating: nil, count: largest + 1) }
        for (token, id) in entries {
            insert(token, id)
            if keepsTexts { tokens[id] = token }
        }
    }

    /// Adds a token whose text `token(of:)` need not know.
    mutating func insert(_ token: String, _ id: Int) {
        var node = Self.root
        for scalar in token.unicodeScalars { node = edges.child(of: node, scalar.value, or: &ids) }
        if ids[Int(node)] < 0 { count += 1 }
        ids[Int(node)] = Int32(id)
    }

    @inline(__always)
    func child(of node: UInt32, _ point: UInt32) -> UInt32? { edges.child(of: node, point) }

    /// The id of the token that ends at a node; negative where none does.
    @inline(__always)
    func id(at node: UInt32) -> Int { Int(ids[Int(node)]) }

    /// The node that a text leads to.
    func node<S: Sequence>(of points: S, from start: UInt32 = root) -> UInt32? where S.Element == UInt32 {
        var node = start
        for point in points {
            guard let next = edges.child(of: node, point) else { return nil }
            node = next
        }
        return node
    }

    func id<S: Sequence>(of points: S) -> Int? where S.Element == UInt32 {
        guard let node = node(of: points), ids[Int(node)] >= 0 else { return nil }
        return Int(ids[Int(node)])
    }

    func id(of token: String) -> Int? { id(of: token.unicodeScalars.lazy.map(\.value)) }

    func token(of id: Int) -> String? { tokens.indices.contains(id) ? tokens[id] : nil }
}

/// The edges of a trie: open addressing over (node, code point).
private struct EdgeTable: Sendable {
    private var keys: [UInt64]
    private var children: [UInt32]
    private var mask: Int
    private var used = 0
    private static let empty = UInt64.max

    init(capacity: Int) {
        var size = 16
        while size < capacity { size *= 2 }
        keys = Array(repeating: Self.empty, count: size)
        children = Array(repeating: 0, count: size)
        mask = size - 1
    }

    @inline(__always)
    private func slot(_ key: UInt64) -> Int {
        var at = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 24) & mask
        while keys[at] != key, keys[at] != Self.empty { at = (at + 1) & mask }
        return at
    }

    @inline(__always)
    func child(of node: UInt32, _ point: UInt32) -> UInt32? {
        let key = UInt64(node) << 32 | UInt64(point)
        let at = slot(key)
        return keys[at] == key ? children[at] : nil
    }

    /// The child of a node; a new one, without an id, where there was none.
    mutating func child(of node: UInt32, _ point: UInt32, or ids: inout [Int32]) -> UInt32 {
        let key = UInt64(node) << 32 | UInt64(point)
        let at = slot(key)
        if keys[at] == key { return children[at] }
        let new = UInt32(ids.count)
        ids.append(-1)
        keys[at] = key
        children[at] = new
        used += 1
        if used * 3 > keys.count * 2 { grow() }
        return new
    }

    private mutating func grow() {
        let (oldKeys, oldChildren) = (keys, children)
        keys = Array(repeating: Self.empty, count: oldKeys.count * 2)
        children = Array(repeating: 0, count: oldKeys.count * 2)
        mask = keys.count - 1
        for (key, child) in zip(oldKeys, oldChildren) where key != Self.empty {
            let at = slot(key)
            keys[at] = key
            children[at] = child
        }
    }
}
