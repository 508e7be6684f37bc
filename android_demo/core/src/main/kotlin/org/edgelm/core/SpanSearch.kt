package org.edgelm.core

/** Finds answers in the windows of a context: spans of at most [longest] tokens, the [count] best of each window. */
internal class SpanSearch(private val longest: Int, private val count: Int) {
    /** A span of the context with its score. */
    class Candidate(val score: Double, val start: Int, val end: Int)

    /**
     * The best spans of one window. Scores are products of the start's and the end's probability over the context's
     * tokens and the first of all, as Hugging Face's QuestionAnsweringPipeline computed them.
     */
    fun candidates(startLogits: DoubleArray, endLogits: DoubleArray, encoding: Encoding): List<Candidate> {
        val context = (0 until encoding.size).filter { encoding.sequenceId(it) == 1 }
        if (context.isEmpty()) return emptyList()
        val isAllowed = BooleanArray(encoding.size).also { allowed -> context.forEach { allowed[it] = true } }
        isAllowed[0] = true
        val starts = probabilities(startLogits, isAllowed)
        val ends = probabilities(endLogits, isAllowed)
        val firsts = IntList()
        val lasts = IntList()
        val products = ArrayList<Double>()
        for ((i, first) in context.withIndex()) {
            for (j in i until context.size) {
                val last = context[j]
                if (last - first >= longest) break
                firsts.add(first)
                lasts.add(last)
                products.add(starts[first] * ends[last])
            }
        }
        return best(products.toDoubleArray(), count).filter { products[it] > 0 }
            .map { span(products[it], firsts[it], lasts[it], encoding) }
    }

    private fun probabilities(logits: DoubleArray, isAllowed: BooleanArray): DoubleArray =
        softmax(DoubleArray(logits.size) { if (isAllowed[it]) logits[it] else NEVER })

    /** A span, widened to whole words where the tokenizer knows them. */
    private fun span(score: Double, first: Int, last: Int, encoding: Encoding) =
        Candidate(score, chars(first, encoding)[0], chars(last, encoding)[1])

    private fun chars(token: Int, encoding: Encoding): IntArray =
        encoding.wordId(token)?.let { encoding.wordToChars(it, 1) }
            ?: intArrayOf(encoding.starts[token], encoding.ends[token])

    companion object {
        private const val NEVER = -10000.0

        /** The best answers over all windows; spans of the same words in any case are one of their scores' sum. */
        fun best(candidates: List<Candidate>, context: String, count: Int): List<Span> {
            val found = LinkedHashMap<String, Span>()
            for (candidate in candidates) {
                val words = slice(context, candidate.start, candidate.end)
                val key = folded(words)
                val known = found[key] ?: Span(0.0, candidate.start, candidate.end, words)
                found[key] = Span(known.score + candidate.score, known.start, known.end, known.text)
            }
            return found.values.sortedByDescending { it.score }.take(count)
        }

        /** Lower case; the two small sigmas, of which a word has one at its end, count as one letter. */
        private fun folded(words: String): String {
            val found = StringBuilder(words.length)
            for (codePoint in codePointsOf(words)) {
                Unicode.lowerCase(codePoint) { found.appendCodePoint(if (it == FINAL_SIGMA) SIGMA else it) }
            }
            return found.toString()
        }

        private const val FINAL_SIGMA = 0x3C2
        private const val SIGMA = 0x3C3
    }
}
