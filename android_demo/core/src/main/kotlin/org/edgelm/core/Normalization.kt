package org.edgelm.core

/** Unicode's normalization forms (UAX 15) over the kit's own tables. */
internal class Normalization(private val isCompatibility: Boolean, private val isComposed: Boolean) : Normalizer {
    /** Below it no code point is changed by this form, nor by what stands behind it. */
    private val firstChanged = when {
        !isComposed -> if (isCompatibility) 0xA0 else 0xC0
        isCompatibility -> 0xA0
        else -> 0x300
    }

    override fun normalize(text: AlignedText): AlignedText {
        if (text.count { it >= firstChanged } == 0) return text
        val decomposed = Decomposed(text.size)
        for (i in 0 until text.size) decomposed.add(text.codePoints[i])
        decomposed.sortPending()
        val rewriting = Rewriting(text)
        if (isComposed) compose(decomposed, rewriting)
        else for (i in 0 until decomposed.size) rewriting.add(decomposed.codePoints[i], decomposed.changes[i])
        return rewriting.done()
    }

    /** Code points in canonical order, the first of each decomposition with change 0, the others with 1. */
    private inner class Decomposed(capacity: Int) {
        val codePoints = IntList(capacity)
        val changes = IntList(capacity)
        val size: Int get() = codePoints.size

        /** The combining classes of what is not sorted yet, which is the end of the list. */
        private val pending = IntList()

        fun add(codePoint: Int) {
            var change = 0
            if (codePoint in Hangul.SYLLABLES) {
                Hangul.decompose(codePoint) { push(it, change); change = 1 }
            } else {
                Unicode.decompose(codePoint, isCompatibility) { push(it, change); change = 1 }
            }
        }

        private fun push(codePoint: Int, change: Int) {
            val combining = Unicode.combiningClass(codePoint)
            if (combining == 0) sortPending()
            codePoints.add(codePoint)
            changes.add(change)
            if (combining != 0) pending.add(combining)
        }

        /** Put the marks since the last base into the order of their classes, equal ones as they stand. */
        fun sortPending() {
            val first = size - pending.size
            if (pending.size > 1) {
                val order = (0 until pending.size).sortedBy { pending[it] } // stable
                val marks = IntArray(order.size) { codePoints[first + order[it]] }
                val flags = IntArray(order.size) { changes[first + order[it]] }
                for (i in marks.indices) {
                    codePoints[first + i] = marks[i]
                    changes[first + i] = flags[i]
                }
            }
            pending.clear()
        }
    }

    /** Join each mark with the base before it where there is one code point for both and no mark between bars it. */
    private fun compose(from: Decomposed, to: Rewriting) {
        var base = -1
        var baseChange = 0
        val marks = IntList()
        val markChanges = IntList()
        var lastClass = -1

        fun flush() {
            if (base >= 0) to.add(base, baseChange)
            for (i in 0 until marks.size) to.add(marks[i], markChanges[i])
            marks.clear()
            markChanges.clear()
            lastClass = -1
        }

        for (i in 0 until from.size) {
            val codePoint = from.codePoints[i]
            val change = from.changes[i]
            val combining = Unicode.combiningClass(codePoint)
            val isBarred = lastClass >= combining
            val joined = if (base < 0 || isBarred) -1 else joined(base, codePoint)
            when {
                joined >= 0 -> {
                    base = joined
                    baseChange += change - 1
                }
                combining == 0 -> {
                    flush()
                    base = codePoint
                    baseChange = change
                }
                base < 0 -> to.add(codePoint, change)
                else -> {
                    marks.add(codePoint)
                    markChanges.add(change)
                    lastClass = combining
                }
            }
        }
        flush()
    }

    private fun joined(first: Int, second: Int): Int {
        val syllable = Hangul.compose(first, second)
        return if (syllable >= 0) syllable else Unicode.compose(first, second)
    }
}

/** Hangul's syllables, whose decompositions are arithmetic (Unicode 3.12). */
internal object Hangul {
    val SYLLABLES = 0xAC00..0xD7A3
    private val LEADS = 0x1100..0x1112
    private val VOWELS = 0x1161..0x1175
    private const val TRAIL_BASE = 0x11A7
    private val TRAILS = 0x11A8..0x11C2
    private const val TRAIL_COUNT = 28
    private const val VOWEL_COUNT = 21

    inline fun decompose(syllable: Int, emit: (Int) -> Unit) {
        val index = syllable - SYLLABLES.first
        emit(LEADS.first + index / (VOWEL_COUNT * TRAIL_COUNT))
        emit(VOWELS.first + index / TRAIL_COUNT % VOWEL_COUNT)
        val trail = index % TRAIL_COUNT
        if (trail > 0) emit(TRAIL_BASE + trail)
    }

    /** The syllable of two parts; negative where they make none. */
    fun compose(first: Int, second: Int): Int = when {
        first in LEADS && second in VOWELS ->
            SYLLABLES.first + ((first - LEADS.first) * VOWEL_COUNT + second - VOWELS.first) * TRAIL_COUNT
        first in SYLLABLES && (first - SYLLABLES.first) % TRAIL_COUNT == 0 && second in TRAILS ->
            first + second - TRAIL_BASE
        else -> -1
    }
}
