package org.edgelm.core

import kotlin.math.abs
import kotlin.math.log10
import kotlin.math.sqrt

/** How far a runtime may be from the golden outputs; null leaves a measure without limit. */
internal class Tolerance(
    /** In units of the reference's largest magnitude where that exceeds one; [meanAbs] too. */
    val maxAbs: Double?,
    val meanAbs: Double?,
    val minCosine: Double?,
    val minSqnrDb: Double?,
    val minTop1: Double?
) {
    companion object {
        fun read(fields: Fields) = Tolerance(
            fields.optionalNumber("max_abs"),
            fields.optionalNumber("mean_abs"),
            fields.optionalNumber("min_cosine"),
            fields.optionalNumber("min_sqnr_db"),
            fields.optionalNumber("min_top1")
        )
    }
}

/** What a model differs by on one output from what is expected, over any number of texts. */
internal class Difference(private val isDecided: Boolean) {
    var maxAbs = 0.0
        private set
    private var peak = 0.0
    private var sumAbs = 0.0
    private var count = 0L
    private var signal = 0.0
    private var noise = 0.0
    private var agreed = 0
    private var decided = 0
    private val cosines = ArrayList<Double>()
    private val lengths = ArrayList<Double>()

    /** The longest reference, as a vector. */
    val longest: Double get() = lengths.fold(0.0) { most, length -> maxOf(most, length) }

    /** Count one text's output; where the shapes differ it is no number. */
    fun add(reference: FloatTensor, actual: Tensor?) {
        val isAlike = actual?.shape?.contentEquals(reference.shape) == true
        if (!isAlike || actual !is FloatTensor || actual.data.size != reference.data.size) {
            maxAbs = Double.NaN
            return
        }
        var product = 0.0
        var squares = 0.0
        var actualSquares = 0.0
        for (i in reference.data.indices) {
            val wanted = reference.data[i].toDouble()
            val found = actual.data[i].toDouble()
            val error = abs(wanted - found)
            if (error > maxAbs || error.isNaN()) maxAbs = error // what is no number stays
            peak = maxOf(peak, abs(wanted))
            sumAbs += error
            noise += error * error
            product += wanted * found
            squares += wanted * wanted
            actualSquares += found * found
        }
        count += reference.data.size
        signal += squares
        lengths += sqrt(squares)
        val norms = sqrt(squares) * sqrt(actualSquares)
        cosines += if (norms != 0.0) product / norms else if (reference.data.contentEquals(actual.data)) 1.0 else 0.0
        if (isDecided && reference.shape.last() > 1) decide(reference, actual)
    }

    /** Count how often the largest of the last axis is at the same place, or at one that ties with it. */
    private fun decide(reference: FloatTensor, actual: FloatTensor) {
        val wanted = Matrix(reference.data, reference.data.size / reference.shape.last(), reference.shape.last())
        val found = Matrix(actual.data, wanted.rows, wanted.columns)
        for (row in 0 until wanted.rows) {
            val scores = wanted.row(row)
            val most = scores.fold(Double.NEGATIVE_INFINITY) { largest, score -> maxOf(largest, score) }
            if (most - scores[argmax(found.row(row))] <= TIE * maxOf(1.0, abs(most))) agreed++
            decided++
        }
    }

    /** Whether every measure keeps its limit; texts shorter than a share of [longest] have no direction to judge. */
    fun isWithin(tolerance: Tolerance, longest: Double): Boolean {
        if (count == 0L || maxAbs.isNaN()) return false
        val scale = maxOf(1.0, peak)
        val directed = cosines.indices.filter { !(lengths[it] < DIRECTED * longest) }.map { cosines[it] }
        return isAtMost(maxAbs, tolerance.maxAbs, scale) &&
            isAtMost(sumAbs / count, tolerance.meanAbs, scale) &&
            directed.all { isAtLeast(it, tolerance.minCosine) } &&
            isAtLeast(sqnrDb(), tolerance.minSqnrDb) &&
            (decided == 0 || isAtLeast(agreed.toDouble() / decided, tolerance.minTop1))
    }

    /** Signal to quantization noise ratio; infinite where nothing differs. */
    private fun sqnrDb(): Double = if (noise == 0.0) Double.POSITIVE_INFINITY else 10 * log10(signal / noise)

    private fun isAtMost(value: Double, limit: Double?, scale: Double) = limit == null || value <= limit * scale

    private fun isAtLeast(value: Double, limit: Double?) = limit == null || value >= limit

    private companion object {
        /** Scores this close, as a share of the larger where that exceeds one, may change places by round-off alone. */
        const val TIE = 1e-5

        /** A text's reference shorter than this share of the longest has no direction that survives rounding. */
        const val DIRECTED = 0.05
    }
}
