package org.edgelm.core

/**
 * A text, or a text and its pair, as the model reads it: one element a token.
 *
 * Offsets count UTF-16 units of the text that [sequenceIds] names; they are 0 for the tokens put around the text.
 */
class Encoding internal constructor(
    val ids: IntArray,
    val typeIds: IntArray,
    /** 1 for a token that was put around the text, 0 for one that stands in it. */
    val specialTokensMask: IntArray,
    val starts: IntArray,
    val ends: IntArray,
    private val wordNumbers: IntArray,
    private val sequenceNumbers: IntArray,
    val tokens: List<String>,
    private val ranges: Map<Int, IntRange>
) {
    val size: Int get() = ids.size

    /** 1 for every token: nothing is padded here. */
    val attentionMask: IntArray get() = IntArray(size) { 1 }

    /** The word of its text that a token is of; null for special tokens. */
    fun wordId(token: Int): Int? = wordNumbers[token].takeIf { it >= 0 }

    /** 0 for a token of the text, 1 for one of its pair; null for special tokens. */
    fun sequenceId(token: Int): Int? = sequenceNumbers[token].takeIf { it >= 0 }

    /** Where a word of a text begins and ends, in UTF-16 units; null where no token is of it. */
    fun wordToChars(word: Int, sequence: Int): IntArray? {
        val range = ranges[sequence] ?: 0 until size
        var first = -1
        var last = -1
        for (token in range) {
            if (wordNumbers[token] > word) break
            if (wordNumbers[token] != word) continue
            if (first < 0) first = token
            last = token
        }
        return if (first < 0) null else intArrayOf(starts[first], ends[last])
    }
}

/** A part of an encoding while it is put together: a text's tokens, a window of them, or special tokens. */
internal class Part(
    val text: String,
    val ids: IntArray,
    var typeIds: IntArray,
    val special: IntArray,
    val starts: IntArray,
    val ends: IntArray,
    val words: IntArray,
    val tokens: List<String>,
    /** Whether it is a window behind the first: there the crate leaves the token types as they are. */
    val isOverflow: Boolean = false
) {
    val size: Int get() = ids.size

    /** Which tokens are of which text. */
    val ranges = LinkedHashMap<Int, IntRange>()

    fun setSequence(sequence: Int) {
        ranges[sequence] = 0 until size
    }

    fun setType(type: Int) {
        typeIds = IntArray(size) { type }
    }

    fun slice(from: Int, to: Int, isOverflow: Boolean) = Part(
        text, ids.copyOfRange(from, to), typeIds.copyOfRange(from, to), special.copyOfRange(from, to),
        starts.copyOfRange(from, to), ends.copyOfRange(from, to), words.copyOfRange(from, to),
        tokens.subList(from, to), isOverflow
    )

    companion object {
        /** Tokens of a text that the model gave. */
        fun of(text: String, sink: TokenSink, type: Int): Part {
            val size = sink.ids.size
            return Part(
                text, sink.ids.toArray(), IntArray(size) { type }, IntArray(size), sink.starts.toArray(),
                sink.ends.toArray(), sink.words.toArray(), sink.tokens
            )
        }

        /** Special tokens. */
        fun special(ids: IntArray, tokens: List<String>, type: Int): Part {
            val size = ids.size
            return Part(
                "", ids, IntArray(size) { type }, IntArray(size) { 1 }, IntArray(size), IntArray(size),
                IntArray(size) { -1 }, tokens
            )
        }

        /** Parts one after the other. */
        fun join(parts: List<Part>): Part {
            val tokens = ArrayList<String>(parts.map { it.size }.sum())
            for (part in parts) tokens.addAll(part.tokens)
            val joined = Part(
                parts.firstOrNull()?.text ?: "", concat(parts) { it.ids }, concat(parts) { it.typeIds },
                concat(parts) { it.special }, concat(parts) { it.starts }, concat(parts) { it.ends },
                concat(parts) { it.words }, tokens, parts.any { it.isOverflow }
            )
            var at = 0
            for (part in parts) {
                for ((sequence, range) in part.ranges) joined.ranges[sequence] = at + range.first..at + range.last
                at += part.size
            }
            return joined
        }

        private inline fun concat(parts: List<Part>, column: (Part) -> IntArray): IntArray {
            var size = 0
            for (part in parts) size += part.size
            val found = IntArray(size)
            var at = 0
            for (part in parts) {
                column(part).copyInto(found, at)
                at += part.size
            }
            return found
        }
    }

    /** The finished encoding. */
    fun encoding(): Encoding = Encoding(ids, typeIds, special, starts, ends, words, sequences(), tokens, ranges)

    /** The text of each token; without any range all are of the first. */
    private fun sequences(): IntArray {
        val found = IntArray(size) { -1 }
        for (sequence in 0 until maxOf(1, ranges.size)) {
            for (token in ranges[sequence] ?: 0 until size) found[token] = sequence
        }
        return found
    }
}
