package org.edgelm.core

/** Extended grapheme clusters, what a user takes for one character (UAX 29), over the kit's own tables. */
internal object Graphemes {
    private const val CR = 1
    private const val LF = 2
    private const val CONTROL = 3
    private const val EXTEND = 4
    private const val ZWJ = 5
    private const val REGIONAL_INDICATOR = 6
    private const val PREPEND = 7
    private const val SPACING_MARK = 8
    private const val L = 9
    private const val V = 10
    private const val T = 11
    private const val LV = 12
    private const val LVT = 13
    private const val PICTOGRAPHIC = 14
    private const val LINKER = 15
    private const val CONSONANT = 16
    private const val CONJUNCT_EXTEND = 17

    /** Where the cluster that begins at [begin] ends; [end] is the end of the text. */
    fun end(codePoints: IntArray, begin: Int, end: Int): Int {
        var before = Unicode.graphemeClass(codePoints[begin])
        val cluster = Cluster(before)
        for (at in begin + 1 until end) {
            val next = Unicode.graphemeClass(codePoints[at])
            if (!cluster.goesOn(before, next)) return at
            cluster.add(next)
            before = next
        }
        return end
    }

    private fun isExtend(kind: Int) = kind == EXTEND || kind == LINKER || kind == CONJUNCT_EXTEND

    /** What the rules that look further back than one code point must know of a cluster. */
    private class Cluster(first: Int) {
        private var indicators = 0

        /** 1 after a pictograph and its extenders, 2 after a joiner behind those (rule GB11). */
        private var emoji = 0

        /** 1 after a consonant and its extenders, 2 where a linker was among those (rule GB9c). */
        private var conjunct = 0

        init {
            add(first)
        }

        fun add(kind: Int) {
            if (kind == REGIONAL_INDICATOR) indicators++
            emoji = when {
                kind == PICTOGRAPHIC -> 1
                emoji == 1 && kind == ZWJ -> 2
                emoji == 1 && isExtend(kind) -> 1
                else -> 0
            }
            conjunct = when {
                kind == CONSONANT -> 1
                conjunct > 0 && kind == LINKER -> 2
                conjunct > 0 && (kind == ZWJ || kind == CONJUNCT_EXTEND) -> conjunct
                else -> 0
            }
        }

        fun goesOn(before: Int, next: Int): Boolean = when {
            before == CR && next == LF -> true
            before in CR..CONTROL || next in CR..CONTROL -> false
            isExtend(next) || next == ZWJ || next == SPACING_MARK -> true
            before == PREPEND -> true
            before == L -> next == L || next == V || next == LV || next == LVT
            before == LV || before == V -> next == V || next == T
            before == LVT || before == T -> next == T
            next == CONSONANT -> conjunct == 2
            next == PICTOGRAPHIC -> emoji == 2
            next == REGIONAL_INDICATOR -> before == REGIONAL_INDICATOR && indicators % 2 == 1
            else -> false
        }
    }
}
