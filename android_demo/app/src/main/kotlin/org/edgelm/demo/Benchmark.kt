package org.edgelm.demo

/** Times in milliseconds, of which some share is asked for. */
class Times(milliseconds: List<Double>) {
    private val sorted = milliseconds.sorted()
    val count: Int get() = sorted.size

    /** The smallest time that `share` (0 to 1) of all times do not exceed. */
    fun percentile(share: Double): Double = sorted[Math.ceil(share * count).toInt().coerceIn(1, count) - 1]
}

/** How long texts took to their answers, and how much of it was the model. */
class Measured(val answers: Times, val model: Times)

/**
 * Answers again and again for some seconds. The first answers are not counted: the runtime plans its memory for a new
 * length then, and Android compiles the code that runs often.
 */
fun measure(seconds: Int, answer: () -> Timed<*>): Measured {
    repeat(WARM_UP) { answer() }
    val found = ArrayList<Timed<*>>()
    val end = System.nanoTime() + seconds * 1_000_000_000L
    while (System.nanoTime() < end || found.isEmpty()) found.add(answer())
    return Measured(Times(found.map { it.ms }), Times(found.map { it.modelMs }))
}

private const val WARM_UP = 5
