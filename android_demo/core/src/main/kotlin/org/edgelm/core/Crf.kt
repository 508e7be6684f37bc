package org.edgelm.core

import kotlin.math.exp
import kotlin.math.ln

/** A conditional random field over a tagger's logits (Lafferty et al. 2001): the best labels, and how sure they are. */
internal class Crf private constructor(
    /** Scores of the first label, of going from a label to the next, and of the last. */
    private val start: DoubleArray,
    private val transitions: List<DoubleArray>,
    private val end: DoubleArray,
    /** The tokens that it reads. */
    val reads: Reads
) {
    enum class Reads { ALL, TEXT, WORDS }

    private val labels = start.size

    /** [tokens, labels]: 0 but for the labels of the best path, each of which has its probability at its token. */
    fun scores(logits: List<DoubleArray>): List<DoubleArray> {
        val path = bestPath(logits)
        val forward = forward(logits)
        val backward = backward(logits)
        val total = sum { forward.last()[it] + end[it] }
        return logits.indices.map { token ->
            DoubleArray(labels).also { row ->
                val label = path[token]
                row[label] = exp(forward[token][label] + backward[token][label] - total)
            }
        }
    }

    /** The labels whose sum of logits and transitions is the largest (Viterbi 1967); of equal ones the first. */
    private fun bestPath(logits: List<DoubleArray>): IntArray {
        var score = DoubleArray(labels) { start[it] + logits[0][it] }
        val origins = ArrayList<IntArray>()
        for (row in logits.drop(1)) {
            val origin = IntArray(labels) { to -> argmax(DoubleArray(labels) { score[it] + transitions[it][to] }) }
            val before = score
            score = DoubleArray(labels) { before[origin[it]] + transitions[origin[it]][it] + row[it] }
            origins += origin
        }
        val path = IntArray(logits.size)
        path[logits.size - 1] = argmax(DoubleArray(labels) { score[it] + end[it] })
        for (token in logits.size - 1 downTo 1) path[token - 1] = origins[token - 1][path[token]]
        return path
    }

    private fun forward(logits: List<DoubleArray>): List<DoubleArray> {
        val found = arrayListOf(DoubleArray(labels) { start[it] + logits[0][it] })
        for (row in logits.drop(1)) {
            val before = found.last()
            found += DoubleArray(labels) { to -> sum { before[it] + transitions[it][to] } + row[to] }
        }
        return found
    }

    private fun backward(logits: List<DoubleArray>): List<DoubleArray> {
        val found = arrayListOf(end)
        for (token in logits.size - 1 downTo 1) {
            val behind = found.last()
            val row = logits[token]
            found += DoubleArray(labels) { from -> sum { transitions[from][it] + (row[it] + behind[it]) } }
        }
        return found.reversed()
    }

    /** The logarithm of the sum of the exponentials of a value for each label. */
    private inline fun sum(value: (Int) -> Double): Double {
        val values = DoubleArray(labels) { value(it) }
        val largest = values.fold(Double.NEGATIVE_INFINITY) { most, item -> maxOf(most, item) }
        if (largest == Double.NEGATIVE_INFINITY) return largest
        return largest + ln(values.fold(0.0) { total, item -> total + exp(item - largest) })
    }

    companion object {
        private val READS = mapOf("all" to Reads.ALL, "text" to Reads.TEXT, "words" to Reads.WORDS)

        /** Of a bundle's decode rules. */
        fun read(fields: Fields, labels: Int): Crf {
            val start = fields.numbers("start")
            val end = fields.numbers("end")
            val transitions = fields.matrix("transitions")
            val sizes = listOf(start.size, end.size, transitions.size) + transitions.map { it.size }
            if (sizes.any { it != labels }) throw fields.damaged("the scores are not of $labels labels")
            val reads = fields.string("tokens")
            val known = READS[reads] ?: throw UnsupportedError("The kit knows no CRF over $reads.")
            return Crf(start, transitions, end, known)
        }
    }
}
