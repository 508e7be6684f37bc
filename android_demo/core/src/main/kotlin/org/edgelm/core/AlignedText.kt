package org.edgelm.core

/**
 * A text on its way through the normalizers: code points, each with the place in the original that it stands for.
 *
 * [starts] and [ends] count UTF-16 units of the original text. Code point for code point this is what the crate
 * `tokenizers` keeps byte for byte, so every offset comes out as there.
 */
internal class AlignedText(capacity: Int) {
    var codePoints = IntArray(capacity)
        private set
    var starts = IntArray(capacity)
        private set
    var ends = IntArray(capacity)
        private set
    var size = 0
        private set

    fun add(codePoint: Int, start: Int, end: Int) {
        if (size == codePoints.size) grow(size + 1)
        codePoints[size] = codePoint
        starts[size] = start
        ends[size++] = end
    }

    /** Add a code point that stands for what one of [other] stands for. */
    fun addLike(codePoint: Int, other: AlignedText, at: Int) = add(codePoint, other.starts[at], other.ends[at])

    fun addAll(other: AlignedText, from: Int, to: Int) {
        val count = to - from
        if (size + count > codePoints.size) grow(size + count)
        System.arraycopy(other.codePoints, from, codePoints, size, count)
        System.arraycopy(other.starts, from, starts, size, count)
        System.arraycopy(other.ends, from, ends, size, count)
        size += count
    }

    /** How many code points are of a kind. */
    inline fun count(isOfKind: (Int) -> Boolean): Int {
        var found = 0
        for (i in 0 until size) if (isOfKind(codePoints[i])) found++
        return found
    }

    fun slice(from: Int, to: Int): AlignedText = AlignedText(to - from).also { it.addAll(this, from, to) }

    fun string(from: Int, to: Int): String = String(codePoints, from, to - from)

    private fun grow(least: Int) {
        val capacity = maxOf(least, codePoints.size * 2, 16)
        codePoints = codePoints.copyOf(capacity)
        starts = starts.copyOf(capacity)
        ends = ends.copyOf(capacity)
    }

    companion object {
        /** A valid text as it is. */
        fun of(text: String): AlignedText {
            val found = AlignedText(text.length)
            var at = 0
            while (at < text.length) {
                val codePoint = Character.codePointAt(text, at)
                val end = at + Character.charCount(codePoint)
                found.add(codePoint, at, end)
                at = end
            }
            return found
        }
    }
}

/**
 * The new form of a text: each code point with how it came about, which decides what it stands for.
 *
 * A change of 0 replaces the next code point of the old text, `-n` does so and swallows n more behind it; with a
 * positive one it is inserted and stands for what the one before it stands for. The count is the normalizer's own
 * affair: where it does not come out even, what follows stands for its neighbours, as in the crate.
 */
internal class Rewriting(private val old: AlignedText) {
    private val codePoints = IntList(old.size)
    private val changes = IntList(old.size)

    val size: Int get() = codePoints.size

    fun add(codePoint: Int, change: Int) {
        codePoints.add(codePoint)
        changes.add(change)
    }

    /** The change of one that was added before. */
    fun change(at: Int): Int = changes[at]

    fun setChange(at: Int, change: Int) {
        changes[at] = change
    }

    fun done(): AlignedText {
        val found = AlignedText(codePoints.size)
        val last = old.size - 1
        var read = 0
        for (i in 0 until codePoints.size) {
            val change = changes[i]
            val at = if (change > 0) read - 1 else read
            found.addLike(codePoints[i], old, at.coerceIn(0, last))
            if (change <= 0) read += 1 - change
        }
        return found
    }
}
