package org.edgelm.core

/** Texts with ids, as a tree of their code points; node 0 is the root, and every node is an int. */
internal class Trie(expected: Int) {
    private val edges = LongIntMap(expected)
    private val ids = IntList(maxOf(16, expected))

    init {
        ids.add(NONE)
    }

    /** Add a text; of equal ones the last id counts. */
    fun put(text: String, id: Int) {
        var node = ROOT
        var at = 0
        while (at < text.length) {
            val codePoint = Character.codePointAt(text, at)
            var next = step(node, codePoint)
            if (next < 0) {
                next = ids.size
                ids.add(NONE)
                edges.put(key(node, codePoint), next)
            }
            node = next
            at += Character.charCount(codePoint)
        }
        ids[node] = id
    }

    /** The node behind a code point; negative where there is none, and behind a node that is itself negative. */
    fun step(node: Int, codePoint: Int): Int = if (node < 0) NONE else edges.get(key(node, codePoint), NONE)

    /** The node behind several code points. */
    fun walk(node: Int, codePoints: IntArray, from: Int, to: Int): Int {
        var found = node
        for (i in from until to) {
            found = step(found, codePoints[i])
            if (found < 0) return NONE
        }
        return found
    }

    /** The id of the text that ends at a node; negative where none does. */
    fun id(node: Int): Int = if (node < 0) NONE else ids[node]

    private fun key(node: Int, codePoint: Int): Long = node.toLong() shl 21 or codePoint.toLong()

    companion object {
        const val ROOT = 0
        const val NONE = -1
    }
}
