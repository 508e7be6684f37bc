package org.edgelm.core

/** What becomes of the matches at which a text is split. */
internal enum class SplitBehavior {
    REMOVED, ISOLATED, MERGED_WITH_PREVIOUS, MERGED_WITH_NEXT, CONTIGUOUS;

    companion object {
        private val NAMES = mapOf(
            "Removed" to REMOVED, "Isolated" to ISOLATED, "MergedWithPrevious" to MERGED_WITH_PREVIOUS,
            "MergedWithNext" to MERGED_WITH_NEXT, "Contiguous" to CONTIGUOUS
        )

        fun read(fields: Fields): SplitBehavior = fields.string("behavior").let {
            NAMES[it] ?: throw UnsupportedError("The kit does not know the behavior $it of tokenizer.json.")
        }
    }
}

/** A text and the pieces it is split into; a piece that is an added token has its id and is not split further. */
internal class Splits(val text: AlignedText, capacity: Int = 16) {
    private val froms = IntList(capacity)
    private val tos = IntList(capacity)
    private val tokens = IntList(capacity)

    val size: Int get() = froms.size

    fun from(piece: Int): Int = froms[piece]

    fun to(piece: Int): Int = tos[piece]

    /** The id of the added token that a piece is; negative where it is none. */
    fun token(piece: Int): Int = tokens[piece]

    /** Add a piece, unless it is empty. */
    fun add(from: Int, to: Int, token: Int = NO_TOKEN) {
        if (from == to) return
        froms.add(from)
        tos.add(to)
        tokens.add(token)
    }

    /** Every piece that is no added token, split at the matches of a pattern. */
    fun split(pattern: Pattern, behavior: SplitBehavior, isInverted: Boolean = false): Splits {
        val found = Splits(text, size * 2)
        val matches = IntList()
        for (piece in 0 until size) {
            if (token(piece) >= 0) {
                found.add(from(piece), to(piece), token(piece))
                continue
            }
            matches.clear()
            pattern.find(text.codePoints, from(piece), to(piece), matches)
            found.addParts(Parts(from(piece), to(piece), matches, isInverted), behavior)
        }
        return found
    }

    private fun addParts(parts: Parts, behavior: SplitBehavior) = when (behavior) {
        SplitBehavior.REMOVED -> parts.each { from, to, isMatch -> if (!isMatch) add(from, to) }
        SplitBehavior.ISOLATED -> parts.each { from, to, _ -> add(from, to) }
        SplitBehavior.CONTIGUOUS -> addMerged(parts) { isMatch, wasMatch -> isMatch == wasMatch }
        SplitBehavior.MERGED_WITH_PREVIOUS -> addMerged(parts) { isMatch, wasMatch -> isMatch && !wasMatch }
        SplitBehavior.MERGED_WITH_NEXT -> addMergedWithNext(parts)
    }

    /** Add the parts, each that [joins] together with the one before it. */
    private inline fun addMerged(parts: Parts, joins: (Boolean, Boolean) -> Boolean) {
        var begin = -1
        var end = -1
        var wasMatch = false
        parts.each { from, to, isMatch ->
            if (begin < 0 || !joins(isMatch, wasMatch)) {
                if (begin >= 0) add(begin, end)
                begin = from
            }
            end = to
            wasMatch = isMatch
        }
        if (begin >= 0) add(begin, end)
    }

    /** Add the parts, each match that a part without one follows together with that. */
    private fun addMergedWithNext(parts: Parts) {
        var begin = -1
        var end = -1
        parts.each { from, to, isMatch ->
            val joins = begin >= 0 && !isMatch
            if (begin >= 0 && !joins) add(begin, end)
            if (isMatch) {
                begin = from
                end = to
            } else {
                add(if (joins) begin else from, to)
                begin = -1
            }
        }
        if (begin >= 0) add(begin, end)
    }

    /** Matches and what lies between them. */
    private class Parts(val begin: Int, val end: Int, val matches: IntList, val isInverted: Boolean) {
        inline fun each(part: (Int, Int, Boolean) -> Unit) {
            var done = begin
            var next = 0
            while (done < end) {
                val isMatch = next < matches.size && matches[next] == done
                val to = if (isMatch) matches[next + 1] else if (next < matches.size) matches[next] else end
                if (isMatch) next += 2
                part(done, to, isMatch != isInverted)
                done = to
            }
        }
    }

    companion object {
        const val NO_TOKEN = -1
    }
}
