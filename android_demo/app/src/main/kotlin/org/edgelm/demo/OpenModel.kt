package org.edgelm.demo

import java.io.Closeable
import org.edgelm.core.Answer
import org.edgelm.core.Bundle
import org.edgelm.core.Question
import org.edgelm.core.RankedDocument
import org.edgelm.core.Runner
import org.edgelm.core.SelfTest
import org.edgelm.core.SelfTestReport
import org.edgelm.core.Session

/** A vendor's runtime with a model loaded; its memory is given back by `close`. */
interface ModelRunner : Runner, Closeable

/** Threads of the runtime: phones have few fast cores, and a small encoder gains nothing from the slow ones. */
const val THREADS = 2

/** A bundle that is ready to answer. */
class OpenModel(
    private val bundle: Bundle,
    private val runner: ModelRunner,
    /** The name of the runtime, for people. */
    val runtime: String
) : Closeable {
    private val timed = TimedRunner(runner)
    private val session = Session(bundle, timed)

    val task: String get() = bundle.manifest.task
    val precision: String get() = bundle.manifest.precision
    val screen: TaskScreen get() = TaskScreen.of(task, bundle.manifest.labels.size)

    /** The token that stands for a word to be filled in. */
    val mask: String get() = bundle.manifest.specialTokens["mask"] ?: ""

    /** Bytes of the bundle's files. */
    val bytes: Long get() = bundle.manifest.files.map { it.bytes }.sum()

    /** The answer, and how long it took; `lines` are the choices, the documents, or the texts to compare with. */
    fun answer(question: Question, lines: List<String>): Timed<Answer> = timed.timed {
        if (task == "sentence-similarity" && lines.isNotEmpty()) likeness(question, lines)
        else session.answer(Question(question.text, question.pair, lines))
    }

    /** Replays the bundle's golden files on this phone. */
    fun selfTest(): SelfTestReport = SelfTest(session).run()

    override fun close() = runner.close()

    /** Texts by the cosine of their vectors with the question's, the most alike first. */
    private fun likeness(question: Question, texts: List<String>): Answer {
        val wanted = vector(question.text)
        val found = texts.mapIndexed { place, text -> RankedDocument(place, cosine(wanted, vector(text)), text) }
        return Answer.Ranking(found.sortedByDescending { it.score })
    }

    private fun vector(text: String): FloatArray = (session.answer(Question(text)) as Answer.Embedding).vector

    private fun cosine(one: FloatArray, other: FloatArray): Double =
        dot(one, other) / Math.max(Math.sqrt(dot(one, one) * dot(other, other)), java.lang.Double.MIN_NORMAL)

    private fun dot(one: FloatArray, other: FloatArray): Double {
        var sum = 0.0
        for (place in one.indices) sum += one[place].toDouble() * other[place]
        return sum
    }
}
