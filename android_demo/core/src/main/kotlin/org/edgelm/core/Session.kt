package org.edgelm.core

/** What the model is to be run on for a question, each row alone, and what was asked. */
class Prepared internal constructor(
    val question: Question,
    /** The named inputs of each row, int32 or int64 [1, tokens]. */
    val inputs: List<Map<String, Tensor>>,
    internal val rows: List<Encoding>,
    internal val task: Task
)

/**
 * A bundle ready to answer; [runner] runs its model.
 *
 * The halves of [answer] stand alone too, for a model that runs elsewhere: [prepare], and with its outputs [finish].
 */
class Session(val bundle: Bundle, private val runner: Runner, val tokenizer: Tokenizer = bundle.tokenizer()) {
    private val manifest = bundle.manifest
    private val task = Task.of(manifest, tokenizer)
    private val reranking =
        if (task is Classification && manifest.labels.size == 1) Reranking(Activation.read(manifest.decode)) else null
    private val window = if (task is QuestionAnswering) Window.of(manifest) else null
    private val padded =
        if (manifest.lengths.isEmpty()) runner else PaddedRunner(runner, manifest.lengths, manifest.outputs)

    /**
     * The answer as Hugging Face's pipeline of the bundle's task gives it. [InputError] where the question cannot be
     * answered, [BundleError] where the model does not give what its manifest promises.
     */
    fun answer(question: Question): Answer {
        val prepared = prepare(question)
        return finish(prepared, prepared.inputs.map { padded.run(it) })
    }

    /** What the model is to be run on for a question. */
    fun prepare(question: Question): Prepared {
        val task = reranking?.takeIf { question.choices.isNotEmpty() } ?: this.task
        if (question.topK != null && question.topK < 0) {
            throw InputError(InputError.Reason.NOT_TAKEN, "top_k is ${question.topK}.", "Pass 1 or more.")
        }
        task.check(question)
        val texts = task.texts(if (task.takesPrompt) prompted(question) else question)
        if (texts.any { it.isBlank }) throw InputError(InputError.Reason.EMPTY_TEXT, "The text is empty.")
        val rows = if (window == null) texts.map { fitting(it, question.isTruncated) } else windows(texts[0], window)
        return Prepared(question, rows.map { inputs(it) }, rows, task)
    }

    /** The answer, from the model's outputs for each of the prepared rows, float32 with a batch axis of 1. */
    fun finish(prepared: Prepared, outputs: List<Map<String, Tensor>>): Answer {
        if (outputs.size != prepared.rows.size) {
            throw BundleError.damaged("The model ran ${outputs.size} times, on ${prepared.rows.size} rows.")
        }
        val read = outputs.mapIndexed { i, found -> Outputs(found, prepared.rows[i].size) }
        return prepared.task.answer(prepared.question, prepared.rows, read)
    }

    /** The model's inputs for an encoding. */
    internal fun inputs(encoding: Encoding): Map<String, Tensor> = manifest.inputs.associate { spec ->
        val values = when (spec.name) {
            "input_ids" -> encoding.ids
            "attention_mask" -> encoding.attentionMask
            "token_type_ids" -> encoding.typeIds
            else -> throw UnsupportedError("The kit knows no input of a model called ${spec.name}.")
        }
        val shape = intArrayOf(1, encoding.size)
        spec.name to when (spec.dtype) {
            DType.INT32 -> IntTensor(shape, values)
            DType.INT64 -> LongTensor(shape, LongArray(values.size) { values[it].toLong() })
            DType.FLOAT32 -> FloatTensor(shape, FloatArray(values.size) { values[it].toFloat() })
        }
    }

    /** Run the model on any length. */
    internal fun run(inputs: Map<String, Tensor>): Map<String, Tensor> = padded.run(inputs)

    /** The question with its prompt before each text, as sentence-transformers' `encode` puts it there. */
    private fun prompted(question: Question): Question {
        val texts = manifest.prompts?.fields("texts")
        val name = question.prompt ?: manifest.prompts?.optionalString("default") ?: return question
        if (texts == null || !texts.has(name)) {
            val names = texts?.names.orEmpty()
            throw InputError(
                InputError.Reason.UNKNOWN_PROMPT, "The bundle has no prompt '$name'.",
                "There are: ${if (names.isEmpty()) "none" else names.joinToString(", ")}."
            )
        }
        val prompt = texts.string(name)
        val parts = listOfNotNull(question.text, question.pair).map { if (Texts.isBlank(it)) it else prompt + it }
        return Question(parts[0], parts.getOrNull(1))
    }

    private fun fitting(texts: Texts, isTruncated: Boolean): Encoding {
        val encoding = tokenizer.encode(texts.text, texts.pair)
        if (encoding.size <= manifest.maxLength) return encoding
        if (isTruncated) return tokenizer.cut(texts.text, texts.pair, manifest.maxLength)
        throw InputError(
            InputError.Reason.TOO_LONG,
            "The text has ${encoding.size} tokens; this bundle takes ${manifest.maxLength}.",
            "Ask for it to be cut, or export with a larger --max-length."
        )
    }

    private fun windows(texts: Texts, window: Window): List<Encoding> =
        tokenizer.windows(texts.text, texts.pair!!, window.length, window.docStride)

    /** How a context is read that is too long for one window. */
    private class Window(val length: Int, val docStride: Int) {
        companion object {
            fun of(manifest: Manifest) = Window(
                minOf(manifest.maxLength, manifest.decode.count("max_seq_length")), manifest.decode.count("doc_stride")
            )
        }
    }
}
