package org.edgelm.core

/**
 * Unigram (Kudo 2018): of all ways to cut a text the one whose pieces' scores add up to most, in float64.
 *
 * Of equal sums the one whose last piece begins first. A character that no piece covers is unknown, with a score of 10
 * below the lowest; unknown neighbours are one token, or bytes.
 */
internal class Unigram private constructor(
    override val vocabulary: Vocabulary,
    private val scores: DoubleArray,
    private val unknownId: Int,
    private val byteIds: IntArray?
) : Model {
    private val trie = vocabulary.trie
    private val unknownScore =
        scores.fold(Double.POSITIVE_INFINITY) { least, score -> minOf(least, score) } - UNKNOWN_PENALTY

    override fun tokenize(text: AlignedText, from: Int, to: Int, sink: TokenSink) {
        val size = to - from
        val best = DoubleArray(size + 1)
        val begins = IntArray(size + 1) { -1 }
        val ids = IntArray(size + 1)
        for (begin in 0 until size) {
            var hasSingle = false
            var node = Trie.ROOT
            for (end in begin + 1..size) {
                node = trie.step(node, text.codePoints[from + end - 1])
                if (node < 0) break
                val id = trie.id(node)
                if (id < 0) continue
                if (end == begin + 1) hasSingle = true
                reach(best, begins, ids, begin, end, id, scores[id])
            }
            if (!hasSingle) reach(best, begins, ids, begin, begin + 1, unknownId, unknownScore)
        }
        emit(text, from, bounds(begins, ids, size), sink)
    }

    private fun reach(
        best: DoubleArray,
        begins: IntArray,
        ids: IntArray,
        begin: Int,
        end: Int,
        id: Int,
        score: Double
    ) {
        val sum = score + best[begin]
        if (begins[end] >= 0 && sum <= best[end]) return
        if (id < 0) throw Model.noUnknown(null)
        best[end] = sum
        begins[end] = begin
        ids[end] = id
    }

    /** Where the pieces of the best way begin, the last first; unknown neighbours are one. */
    private fun bounds(begins: IntArray, ids: IntArray, size: Int): IntList {
        val found = IntList()
        found.add(size)
        var end = size
        while (end > 0) {
            val isUnknown = ids[end] == unknownId
            end = begins[end]
            val joinsNext = isUnknown && end > 0 && ids[end] == unknownId
            if (!joinsNext) found.add(end)
        }
        return found
    }

    private fun emit(text: AlignedText, from: Int, bounds: IntList, sink: TokenSink) {
        for (i in bounds.size - 1 downTo 1) {
            val begin = from + bounds[i]
            val end = from + bounds[i - 1]
            val id = trie.id(trie.walk(Trie.ROOT, text.codePoints, begin, end))
            when {
                id >= 0 -> sink.add(id, vocabulary.token(id)!!, begin, end)
                byteIds != null && hasBytes(byteIds, text, begin, end) -> addBytes(byteIds, text, begin, end, sink)
                unknownId < 0 -> throw Model.noUnknown(null)
                else -> sink.add(unknownId, text.string(begin, end), begin, end)
            }
        }
    }

    private fun hasBytes(byteIds: IntArray, text: AlignedText, begin: Int, end: Int): Boolean {
        for (i in begin until end) Utf8.encode(text.codePoints[i]) { if (byteIds[it] < 0) return false }
        return true
    }

    private fun addBytes(byteIds: IntArray, text: AlignedText, begin: Int, end: Int, sink: TokenSink) {
        for (i in begin until end) {
            Utf8.encode(text.codePoints[i]) { sink.add(byteIds[it], Vocabulary.byteToken(it), begin, end) }
        }
    }

    companion object {
        private const val UNKNOWN_PENALTY = 10.0

        /** Reads `vocab`, pairs of a piece and its score in the order of their ids. */
        fun read(fields: Fields): Unigram {
            val entries = fields.list("vocab")
            val texts = arrayOfNulls<String>(entries.size)
            val scores = DoubleArray(entries.size)
            for (i in entries.indices) {
                val entry = entries[i] as? List<*>
                val score = entry?.getOrNull(1)
                texts[i] = entry?.getOrNull(0) as? String ?: throw fields.damaged("piece $i has no text")
                scores[i] = (score as? Number ?: throw fields.damaged("piece $i has no score")).toDouble()
            }
            val unknown = fields.optionalCount("unk_id") ?: -1
            if (unknown >= entries.size) throw fields.damaged("unk_id $unknown is no piece of the vocabulary")
            val vocabulary = Vocabulary.of(texts)
            val byteIds = if (fields.boolean("byte_fallback", false)) vocabulary.byteIds() else null
            return Unigram(vocabulary, scores, unknown, byteIds)
        }
    }
}
