package org.edgelm.core

/** What a self-test says; [UNMEASURED] where nothing was compared, which is never a pass. */
enum class Verdict(val label: String) {
    PASS("pass"), FAIL("fail"), UNMEASURED("unmeasured");

    companion object {
        internal fun worst(verdicts: List<Verdict>): Verdict = when {
            FAIL in verdicts -> FAIL
            verdicts.isEmpty() || UNMEASURED in verdicts -> UNMEASURED
            else -> PASS
        }
    }
}

/** What one length of the model's inputs gave. */
class SignatureReport internal constructor(
    /** Tokens that the model reads: the fixed length a text is padded to, else the text's own. */
    val name: String,
    val cases: Int,
    val maxAbsError: Double,
    val verdict: Verdict,
    /** The median time of a run. */
    val p50Ms: Double
)

/** Whether tokenizer and model on this device give what the bundle's golden files hold. */
class SelfTestReport internal constructor(
    val verdict: Verdict,
    /** Golden texts that this tokenizer gives other ids. */
    val tokenizerMismatches: Int,
    val signatures: List<SignatureReport>
) {
    fun toJson(): Map<String, Any?> = mapOf(
        "verdict" to verdict.label,
        "tokenizerMismatches" to tokenizerMismatches,
        "signatures" to signatures.map {
            mapOf(
                "name" to it.name, "cases" to it.cases, "maxAbsError" to it.maxAbsError,
                "verdict" to it.verdict.label, "p50Ms" to it.p50Ms
            )
        }
    )
}

/** Replays the golden files of a session's bundle. */
class SelfTest(private val session: Session) {
    private val bundle = session.bundle
    private val golden = Golden.read(bundle)

    constructor(bundle: Bundle, runner: Runner) : this(Session(bundle, runner))

    /** Tokenize each golden text, run each golden input, compare; each model run is timed [repeat] times more. */
    fun run(repeat: Int = 5): SelfTestReport {
        val mismatches = golden.cases.count { !isTokenizedAlike(it) }
        val byLength = golden.cases.groupBy { lengthOf(it) }.toSortedMap()
        val measured = byLength.mapValues { (_, cases) -> Measured(cases, repeat) }
        val longest = bundle.manifest.outputs.associate { spec ->
            spec.name to measured.values.fold(0.0) { most, found ->
                maxOf(most, found.differences.getValue(spec.name).longest)
            }
        }
        val signatures = measured.map { (length, found) -> found.report("$length", longest) }
        val verdicts = signatures.map { it.verdict } + if (mismatches > 0) listOf(Verdict.FAIL) else emptyList()
        return SelfTestReport(Verdict.worst(verdicts), mismatches, signatures)
    }

    private fun isTokenizedAlike(case: Golden.Case): Boolean {
        val encoding = session.tokenizer.cut(case.texts[0], case.texts.getOrNull(1), case.length)
        return session.inputs(encoding).all { (name, tensor) -> isEqual(tensor, case.inputs.getValue(name)) }
    }

    private fun isEqual(found: Tensor, wanted: Tensor): Boolean = when (found) {
        is IntTensor -> wanted is IntTensor && found.data.contentEquals(wanted.data)
        is LongTensor -> wanted is LongTensor && found.data.contentEquals(wanted.data)
        is FloatTensor -> wanted is FloatTensor && found.data.contentEquals(wanted.data)
    }

    private fun lengthOf(case: Golden.Case): Int =
        bundle.manifest.lengths.firstOrNull { it >= case.length } ?: case.length

    /** The differences and times of the cases of one length. */
    private inner class Measured(private val cases: List<Golden.Case>, repeat: Int) {
        val differences = bundle.manifest.outputs.associate { it.name to Difference("logits" in it.name) }
        private val times = ArrayList<Double>()

        init {
            for (case in cases) {
                val outputs = session.run(case.inputs)
                for ((name, difference) in differences) difference.add(case.outputs.getValue(name), outputs[name])
                repeat(repeat) { times += timed { session.run(case.inputs) } }
            }
        }

        private inline fun timed(run: () -> Unit): Double {
            val begun = System.nanoTime()
            run()
            return (System.nanoTime() - begun) / 1e6
        }

        fun report(name: String, longest: Map<String, Double>): SignatureReport {
            val verdicts = differences.map { (output, found) ->
                if (found.isWithin(golden.tolerance, longest.getValue(output))) Verdict.PASS else Verdict.FAIL
            }
            // maxOf gives what is no number where there is one
            val worst = differences.values.fold(0.0) { most, found -> maxOf(most, found.maxAbs) }
            return SignatureReport(name, cases.size, worst, Verdict.worst(verdicts), median())
        }

        private fun median(): Double = times.sorted().let { if (it.isEmpty()) Double.NaN else it[it.size / 2] }
    }
}

/** A bundle's golden files: texts, what the model reads for them, and what it must say. */
internal class Golden private constructor(val tolerance: Tolerance, val cases: List<Case>) {
    class Case(val texts: List<String>, val inputs: Map<String, Tensor>, val outputs: Map<String, FloatTensor>) {
        /** Tokens. */
        val length: Int get() = inputs.values.first().shape[1]
    }

    companion object {
        private const val FILE = "golden/golden.json"

        /** Those of a bundle; none of one that ships without. */
        fun read(bundle: Bundle): Golden {
            if (!bundle.files.exists(FILE)) return Golden(Tolerance(null, null, null, null, null), emptyList())
            val fields = Fields.parse(bundle.files.read(FILE), FILE)
            val reader = Reader(bundle)
            return Golden(Tolerance.read(fields.fields("tolerance")), fields.objects("cases").map { reader.case(it) })
        }
    }

    private class Reader(private val bundle: Bundle) {
        fun case(fields: Fields): Case {
            val texts = fields.strings("texts")
            if (texts.size !in 1..2) throw fields.damaged("a case has ${texts.size} texts")
            val inputs = fields.fields("inputs")
            val outputs = fields.fields("outputs")
            return Case(
                texts,
                bundle.manifest.inputs.associate { it.name to input(inputs.fields(it.name)) },
                bundle.manifest.outputs.associate { it.name to output(outputs.fields(it.name)) }
            )
        }

        private fun input(fields: Fields): Tensor = tensor(fields).also {
            if (it.shape.size != 2 || it.shape[0] != 1) throw fields.damaged("an input is not of shape [1, tokens]")
        }

        private fun output(fields: Fields): FloatTensor =
            tensor(fields) as? FloatTensor ?: throw fields.damaged("an output is not float32")

        private fun tensor(fields: Fields): Tensor {
            val shape = fields.counts("shape")
            val dtype = DType.of(fields.string("dtype")) ?: throw fields.wrong("dtype", "int32, int64 or float32")
            val file = fields.string("file").substringAfterLast('/')
            val bytes = LittleEndian(bundle.files.read("golden/$file"))
            val width = if (dtype == DType.INT64) 8 else 4
            val count = capacityOf(shape)
            if (count * width != bytes.size.toLong()) {
                throw fields.damaged("$file has ${bytes.size} bytes, not ${count * width}")
            }
            return when (dtype) {
                DType.INT32 -> IntTensor(shape, IntArray(count.toInt()) { bytes.int(it) })
                DType.INT64 -> LongTensor(shape, LongArray(count.toInt()) { bytes.long(it) })
                DType.FLOAT32 -> FloatTensor(shape, FloatArray(count.toInt()) { bytes.float(it) })
            }
        }
    }
}

/** Numbers in little-endian bytes, by their places. */
internal class LittleEndian(bytes: ByteArray) {
    private val buffer = java.nio.ByteBuffer.wrap(bytes).order(java.nio.ByteOrder.LITTLE_ENDIAN)
    val size: Int = bytes.size

    fun int(at: Int): Int = buffer.getInt(4 * at)

    fun long(at: Int): Long = buffer.getLong(8 * at)

    fun float(at: Int): Float = buffer.getFloat(4 * at)
}
