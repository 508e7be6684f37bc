package org.edgelm.core

/** Where the bundles lie that requests name by their paths. */
interface BundleSource {
    fun files(path: String): BundleFiles
}

/** Opens the model of a bundle. */
interface RunnerSource {
    fun runner(bundle: Bundle): Runner
}

/**
 * The kit by JSON, a request in and a reply out, as `conformance/README.md` describes them: for a WebView's bridge and
 * for the tests that all kits share. Offsets in replies count code points.
 *
 * One request at a time; a lock is the caller's affair.
 */
class Requests(private val bundles: BundleSource, private val runners: RunnerSource) {
    private var tokenizer: Tokenizer? = null
    private var session: Session? = null
    private var prepared: Prepared? = null

    /** The reply to one request; errors are replies too. */
    fun call(request: String): String {
        var id: Any? = null
        val reply = try {
            val arguments = Arguments.parse(request)
            id = arguments.id
            "ok" to answer(arguments)
        } catch (error: EdgelmException) {
            "error" to Replies.error(error)
        }
        return Json.write(mapOf("id" to id, reply))
    }

    private fun answer(arguments: Arguments): Any? = when (val op = arguments.string("op")) {
        "open" -> open(arguments.string("tokenizer"))
        "encode" -> encode(arguments)
        "encode_many" -> encodeMany(arguments)
        "cut" -> arguments.texts().let { (text, pair) ->
            Replies.encoding(tokenizer().cut(text, pair, arguments.count("max_length")), text, pair)
        }
        "windows" -> windows(arguments)
        "decode" -> tokenizer().decode(arguments.ids("ids"), arguments.boolean("skip_special"))
        "bundle" -> bundle(arguments.string("path"))
        "answer" -> arguments.question().let { reply(it, session().answer(it)) }
        "prepare" -> prepare(arguments.question())
        "finish" -> finish(arguments)
        "selftest" -> SelfTest(session()).run(arguments.count("repeat", DEFAULT_REPEAT)).toJson()
        "bench" -> bench(arguments)
        else -> throw RequestError("There is no operation $op.")
    }

    private fun open(path: String): Boolean {
        val files = bundles.files(path.substringBeforeLast('/', "."))
        tokenizer = Tokenizer.read(files.read(path.substringAfterLast('/')))
        return true
    }

    private fun encode(arguments: Arguments): Any {
        val (text, pair) = arguments.texts()
        return Replies.encoding(tokenizer().encode(text, pair), text, pair)
    }

    private fun encodeMany(arguments: Arguments): Any {
        val isBrief = arguments.boolean("brief", false)
        return arguments.strings("texts").map { text ->
            try {
                val encoding = tokenizer().encode(text)
                if (isBrief) Replies.brief(encoding, text) else Replies.encoding(encoding, text, null)
            } catch (error: InputError) {
                mapOf("error" to Replies.error(error))
            }
        }
    }

    private fun windows(arguments: Arguments): Any {
        val question = arguments.string("question")
        val context = arguments.string("context")
        return tokenizer().windows(question, context, arguments.count("length"), arguments.count("doc_stride"))
            .map { Replies.encoding(it, question, context) }
    }

    private fun bundle(path: String): Any {
        prepared = null
        session = null
        val bundle = Bundle.open(bundles.files(path))
        session = Session(bundle, runners.runner(bundle)).also { tokenizer = it.tokenizer }
        return mapOf("task" to bundle.manifest.task, "precision" to bundle.manifest.precision)
    }

    private fun prepare(question: Question): Any {
        val found = session().prepare(question)
        prepared = found
        return mapOf("rows" to found.inputs.map { row -> row.mapValues { Replies.tensor(it.value) } })
    }

    private fun finish(arguments: Arguments): Any {
        val asked = prepared ?: throw RequestError("No question was prepared.")
        val outputs = arguments.objects("outputs").map { row -> row.tensors() }
        return reply(asked.question, session().finish(asked, outputs))
    }

    private fun reply(question: Question, answer: Answer): Any {
        val places = CodePoints(if (answer is Answer.Spans) question.pair ?: "" else question.text)
        return answer.toJson { places.of(it) }
    }

    private fun bench(arguments: Arguments): Any {
        val texts = arguments.strings("texts")
        if (texts.isEmpty()) throw RequestError("bench needs texts.")
        val wanted = (arguments.number("seconds") * 1e9).toLong()
        val begun = System.nanoTime()
        var count = 0L
        do {
            for (text in texts) tokenizer().encode(text)
            count += texts.size
        } while (System.nanoTime() - begun < wanted)
        return mapOf("strings_per_second" to count * 1e9 / (System.nanoTime() - begun))
    }

    private fun tokenizer(): Tokenizer = tokenizer ?: throw RequestError("No tokenizer is open.")

    private fun session(): Session = session ?: throw RequestError("No bundle is open.")

    private companion object {
        const val DEFAULT_REPEAT = 5
    }
}

/** The fields of a request; [RequestError] where one is not of its type. */
internal class Arguments private constructor(private val members: Map<*, *>) {
    val id: Any? get() = members["id"] as? Long

    fun string(name: String): String = members[name] as? String ?: throw wrong(name, "a text")

    fun optionalString(name: String): String? = if (members[name] == null) null else string(name)

    fun boolean(name: String): Boolean = members[name] as? Boolean ?: throw wrong(name, "true or false")

    fun boolean(name: String, default: Boolean): Boolean = if (members[name] == null) default else boolean(name)

    fun count(name: String): Int = Fields.countOf(members[name]) ?: throw wrong(name, "a whole number")

    fun count(name: String, default: Int): Int = if (members[name] == null) default else count(name)

    fun number(name: String): Double = (members[name] as? Number ?: throw wrong(name, "a number")).toDouble()

    fun strings(name: String): List<String> = list(name).map { it as? String ?: throw wrong(name, "a list of texts") }

    fun ids(name: String): IntArray =
        list(name).map { Fields.countOf(it) ?: throw wrong(name, "a list of ids") }.toIntArray()

    fun objects(name: String): List<Arguments> =
        list(name).map { Arguments(it as? Map<*, *> ?: throw wrong(name, "a list of objects")) }

    /** A text and, if there is one, its pair. */
    fun texts(): Pair<String, String?> = Pair(string("text"), optionalString("pair"))

    fun question(): Question {
        val fields = Arguments(members["question"] as? Map<*, *> ?: throw wrong("question", "an object"))
        val aggregation = fields.optionalString("aggregation") ?: Aggregation.SIMPLE.label
        val topK = fields.members["top_k"]
        return Question(
            fields.string("text"),
            fields.optionalString("pair"),
            if (fields.members["choices"] == null) emptyList() else fields.strings("choices"),
            if (topK == null) null else number(topK) ?: throw wrong("top_k", "a whole number"),
            Aggregation.of(aggregation) ?: throw RequestError("There is no aggregation $aggregation."),
            fields.boolean("truncate", false),
            fields.optionalString("prompt")
        )
    }

    /** A whole number as an int, the nearest one where it is too large. */
    private fun number(value: Any): Int? = (value as? Long)?.coerceIn(-1L, Int.MAX_VALUE.toLong())?.toInt()

    /** Outputs of the model by name: a shape, and little-endian float32 in base64. */
    fun tensors(): Map<String, Tensor> = members.entries.associate { (name, value) ->
        val fields = Arguments(value as? Map<*, *> ?: throw wrong(name as String, "an object"))
        val bytes = Base64.decode(fields.string("data")) ?: throw wrong("data", "base64")
        val shape = fields.ids("shape")
        if (capacityOf(shape) * FLOAT_BYTES != bytes.size.toLong()) {
            throw RequestError("$name has other data than its shape.")
        }
        val numbers = LittleEndian(bytes)
        name as String to FloatTensor(shape, FloatArray(bytes.size / FLOAT_BYTES) { numbers.float(it) })
    }

    private fun list(name: String): List<*> = members[name] as? List<*> ?: throw wrong(name, "a list")

    private fun wrong(name: String, wanted: String) = RequestError("\"$name\" of the request is not $wanted.")

    companion object {
        private const val FLOAT_BYTES = 4

        fun parse(request: String): Arguments {
            val value = try {
                Json.parse(request)
            } catch (error: JsonError) {
                throw RequestError("The request is no JSON: ${error.message}.")
            }
            return Arguments(value as? Map<*, *> ?: throw RequestError("The request is no JSON object."))
        }

        /** Outputs of the model from the line that answers a `run`. */
        fun outputs(line: String): Map<String, Tensor> {
            val fields = parse(line)
            val outputs = fields.members["outputs"] as? Map<*, *> ?: throw fields.wrong("outputs", "an object")
            return Arguments(outputs).tensors()
        }
    }
}

/** A runner that is asked over lines of JSON: the model runs in another program. */
class LineRunner(private val ask: (String) -> String) : Runner {
    override fun run(inputs: Map<String, Tensor>): Map<String, Tensor> =
        Arguments.outputs(ask(Json.write(mapOf("run" to inputs.mapValues { Replies.tensor(it.value) }))))
}

/** Replies as JSON values. */
internal object Replies {
    fun error(error: EdgelmException): Map<String, Any?> = mapOf(
        "type" to error.type, "kind" to error.kind, "message" to error.problem, "hint" to error.hint
    )

    fun encoding(encoding: Encoding, text: String, pair: String?): Map<String, Any?> = mapOf(
        "ids" to encoding.ids,
        "type_ids" to encoding.typeIds,
        "offsets" to offsets(encoding, text, pair),
        "special" to encoding.specialTokensMask,
        "words" to (0 until encoding.size).map { encoding.wordId(it) },
        "sequences" to (0 until encoding.size).map { encoding.sequenceId(it) },
        "tokens" to encoding.tokens
    )

    fun brief(encoding: Encoding, text: String): Map<String, Any?> =
        mapOf("ids" to encoding.ids, "offsets" to offsets(encoding, text, null))

    fun tensor(tensor: Tensor): Map<String, Any?> = mapOf(
        "dtype" to tensor.dtype.label,
        "shape" to tensor.shape,
        "data" to when (tensor) {
            is IntTensor -> tensor.data
            is LongTensor -> tensor.data
            is FloatTensor -> tensor.data
        }
    )

    private fun offsets(encoding: Encoding, text: String, pair: String?): List<IntArray> {
        val first = CodePoints(text)
        val second = if (pair == null) first else CodePoints(pair)
        return (0 until encoding.size).map {
            val places = if (encoding.sequenceId(it) == 1) second else first
            intArrayOf(places.of(encoding.starts[it]), places.of(encoding.ends[it]))
        }
    }
}

/** Places of a text in code points, by those in UTF-16 units. */
internal class CodePoints(text: String) {
    /** By unit, behind the last too; null where both count alike. */
    private val places: IntArray? = if (text.any { Character.isSurrogate(it) }) counted(text) else null

    fun of(unit: Int): Int = if (places == null || unit >= places.size) unit else places[unit]

    private fun counted(text: String): IntArray {
        val found = IntArray(text.length + 1)
        for (i in text.indices) found[i + 1] = found[i] + if (Character.isLowSurrogate(text[i])) 0 else 1
        return found
    }
}
