package org.edgelm.core

import java.util.PriorityQueue
import kotlin.math.exp
import kotlin.math.sqrt
import kotlin.math.tanh

/** Numbers of a model's output by row and column, read as doubles. */
internal class Matrix(private val data: FloatArray, val rows: Int, val columns: Int) {
    operator fun get(row: Int, column: Int): Double = data[row * columns + column].toDouble()

    fun row(row: Int): DoubleArray = DoubleArray(columns) { get(row, it) }

    fun floats(row: Int): FloatArray = data.copyOfRange(row * columns, (row + 1) * columns)
}

/** What turns logits into scores. */
internal enum class Activation {
    SOFTMAX {
        override fun scores(logits: DoubleArray): DoubleArray = softmax(logits)
    },
    SIGMOID {
        override fun scores(logits: DoubleArray) = DoubleArray(logits.size) { 0.5 * (1.0 + tanh(0.5 * logits[it])) }
    },
    NONE {
        override fun scores(logits: DoubleArray): DoubleArray = logits
    };

    abstract fun scores(logits: DoubleArray): DoubleArray

    companion object {
        private val NAMES = mapOf("softmax" to SOFTMAX, "sigmoid" to SIGMOID, "none" to NONE)

        fun read(decode: Fields): Activation = decode.string("activation").let {
            NAMES[it] ?: throw UnsupportedError("The kit does not know the activation $it of edgelm.json.")
        }
    }
}

internal fun softmax(logits: DoubleArray): DoubleArray {
    val largest = logits.fold(Double.NEGATIVE_INFINITY) { most, logit -> maxOf(most, logit) }
    val powers = DoubleArray(logits.size) { exp(logits[it] - largest) }
    val sum = powers.sum()
    return DoubleArray(powers.size) { powers[it] / sum }
}

/** The place of the largest number; of equal ones the first, and one that is not a number before all. */
internal fun argmax(values: DoubleArray): Int {
    var best = 0
    for (i in values.indices) {
        if (values[i].isNaN()) return i
        if (values[i] > values[best]) best = i
    }
    return best
}

/** The places of the [count] largest numbers, the largest first; of equal ones the first, what is no number last. */
internal fun best(values: DoubleArray, count: Int): List<Int> {
    if (count < 1 || values.isEmpty()) return emptyList()
    val order = Comparator<Int> { left, right ->
        val a = rankable(values[left])
        val b = rankable(values[right])
        if (a > b) -1 else if (a < b) 1 else left - right
    }
    val kept = PriorityQueue<Int>(minOf(count, values.size) + 1, java.util.Collections.reverseOrder(order))
    for (i in values.indices) {
        if (kept.size == count && order.compare(i, kept.peek()) > 0) continue
        kept.add(i)
        if (kept.size > count) kept.poll()
    }
    return kept.sortedWith(order)
}

private fun rankable(value: Double) = if (value.isNaN()) Double.NEGATIVE_INFINITY else value

/** Labels with scores, best first, [count] at most. */
internal fun classify(
    logits: DoubleArray,
    labels: List<String>,
    activation: Activation,
    count: Int?
): List<ScoredLabel> {
    val scores = activation.scores(logits)
    return best(scores, count ?: scores.size).map { ScoredLabel(labels[it], scores[it]) }
}

/** The cosine of two vectors of one size. */
internal fun cosine(left: FloatArray, right: FloatArray): Double {
    var product = 0.0
    var leftSquares = 0.0
    var rightSquares = 0.0
    for (i in left.indices) {
        val a = left[i].toDouble()
        val b = right[i].toDouble()
        product += a * b
        leftSquares += a * a
        rightSquares += b * b
    }
    return product / maxOf(sqrt(leftSquares) * sqrt(rightSquares), 1e-12)
}
