package org.edgelm.core

/** A text, or a text and its pair, as the tokenizer reads them. */
internal class Texts(val text: String, val pair: String? = null) {
    val isBlank: Boolean get() = isBlank(text) || pair != null && isBlank(pair)

    companion object {
        /** Whether a text has nothing but blanks, as Python's `str.strip` counts them. */
        fun isBlank(text: String): Boolean =
            text.all { Unicode.isOf(it - '\u0000', Unicode.SPACE) || it in '\u001C'..'\u001F' }
    }
}

/** How a task is answered: the texts of a question, and the answer from the model's outputs. */
internal abstract class Task(val name: String, private vararg val takes: Takes) {
    /** What may stand beside a text. */
    enum class Takes(val words: String) {
        PAIR("second text"), CHOICES("choices or documents"), TOP_K("top_k"), PROMPT("prompt")
    }

    val takesPrompt: Boolean get() = Takes.PROMPT in takes

    /** [InputError] where something is asked that the task does not take. */
    fun check(question: Question) {
        val given = listOfNotNull(
            Takes.PAIR.takeIf { question.pair != null },
            Takes.CHOICES.takeIf { question.choices.isNotEmpty() },
            Takes.TOP_K.takeIf { question.topK != null },
            Takes.PROMPT.takeIf { question.prompt != null }
        )
        val surplus = given.firstOrNull { it !in takes } ?: return
        throw InputError(InputError.Reason.NOT_TAKEN, "$name takes no ${surplus.words}.")
    }

    /** What is to be tokenized; [InputError] where the question misses something. */
    open fun texts(question: Question): List<Texts> = listOf(Texts(question.text, question.pair))

    /** The answer, of the question's rows and the model's outputs for each of them. */
    abstract fun answer(question: Question, rows: List<Encoding>, outputs: List<Outputs>): Answer

    companion object {
        /** The task of a bundle; [UnsupportedError] where the kit does not know it. */
        fun of(manifest: Manifest, tokenizer: Tokenizer): Task = when (manifest.task) {
            "text-classification" -> Classification(manifest.labels, Activation.read(manifest.decode))
            "token-classification" ->
                TokenClassification(Tagger.read(manifest.decode, manifest.labels, tokenizer.specialIds["unk"]))
            "intent-and-slots" -> JointIntent(
                manifest.labels,
                Activation.read(manifest.decode),
                Tagger.read(manifest.decode.fields("slots"), manifest.slotLabels, tokenizer.specialIds["unk"])
            )
            "question-answering" -> QuestionAnswering(manifest.decode.count("max_answer_length"))
            "multiple-choice" -> MultipleChoice
            "fill-mask" -> FillMask(tokenizer)
            "feature-extraction" -> FeatureExtraction
            "sentence-similarity" -> SentenceSimilarity
            else -> throw UnsupportedError("The kit does not know the task ${manifest.task}.")
        }
    }
}

internal class Classification(private val labels: List<String>, private val activation: Activation) :
    Task("text-classification", Takes.PAIR, Takes.TOP_K) {
    override fun answer(question: Question, rows: List<Encoding>, outputs: List<Outputs>): Answer =
        Answer.Labels(classify(logits(outputs[0].vector("logits", labels.size)), labels, activation, question.topK))
}

/** Documents by the score of each beside the text; what a bundle does that has one label. */
internal class Reranking(private val activation: Activation) :
    Task("text-classification", Takes.PAIR, Takes.CHOICES, Takes.TOP_K) {
    override fun texts(question: Question): List<Texts> {
        if (question.pair != null) {
            throw InputError(
                InputError.Reason.NOT_TAKEN, "Documents are ranked by one text.", "Leave the second text out."
            )
        }
        return question.choices.map { Texts(question.text, it) }
    }

    override fun answer(question: Question, rows: List<Encoding>, outputs: List<Outputs>): Answer {
        val scores = activation.scores(DoubleArray(outputs.size) { outputs[it].vector("logits", 1)[0].toDouble() })
        val places = best(scores, question.topK ?: scores.size)
        return Answer.Ranking(places.map { RankedDocument(it, scores[it], question.choices[it]) })
    }
}

internal class TokenClassification(private val tagger: Tagger) : Task("token-classification") {
    override fun answer(question: Question, rows: List<Encoding>, outputs: List<Outputs>): Answer {
        val logits = outputs[0].matrix("logits", tagger.labelCount)
        val text = question.text
        if (question.aggregation == Aggregation.NONE) return Answer.Tokens(tagger.tokens(logits, rows[0], text))
        return Answer.Entities(tagger.entities(logits, rows[0], text, question.aggregation))
    }
}

/** The best intent, and as slots the entities by the label of each word's first token, which alone is trained. */
internal class JointIntent(
    private val labels: List<String>,
    private val activation: Activation,
    private val tagger: Tagger
) : Task("intent-and-slots") {
    override fun answer(question: Question, rows: List<Encoding>, outputs: List<Outputs>): Answer {
        val intent = classify(logits(outputs[0].vector("intent_logits", labels.size)), labels, activation, 1).single()
        val slots = outputs[0].matrix("slot_logits", tagger.labelCount)
        return Answer.IntentAndSlots(intent, tagger.entities(slots, rows[0], question.text, Aggregation.FIRST))
    }
}

internal class QuestionAnswering(private val longestAnswer: Int) :
    Task("question-answering", Takes.PAIR, Takes.TOP_K) {
    override fun texts(question: Question): List<Texts> {
        if (question.pair == null) {
            throw InputError(
                InputError.Reason.MISSING_CONTEXT, "question-answering needs a context.", "Pass it as the second text."
            )
        }
        return super.texts(question)
    }

    /** Long contexts are read in overlapping windows, as Hugging Face's pipeline does. */
    override fun answer(question: Question, rows: List<Encoding>, outputs: List<Outputs>): Answer {
        val wanted = question.topK?.takeIf { it > 0 } ?: 1
        val search = SpanSearch(longestAnswer, count = 2 * wanted + 10) // several may be spans of the same words
        val candidates = rows.indices.flatMap {
            search.candidates(outputs[it].byToken("start_logits"), outputs[it].byToken("end_logits"), rows[it])
        }
        return Answer.Spans(SpanSearch.best(candidates, question.pair ?: "", wanted))
    }
}

internal object MultipleChoice : Task("multiple-choice", Takes.CHOICES, Takes.TOP_K) {
    override fun texts(question: Question): List<Texts> {
        if (question.choices.size < 2) {
            throw InputError(
                InputError.Reason.TOO_FEW_CHOICES, "multiple-choice needs at least two choices.", "Pass two or more."
            )
        }
        return question.choices.map { Texts(question.text, it) }
    }

    override fun answer(question: Question, rows: List<Encoding>, outputs: List<Outputs>): Answer {
        val logits = DoubleArray(outputs.size) { outputs[it].vector("logits", 1)[0].toDouble() }
        return Answer.Labels(classify(logits, question.choices, Activation.SOFTMAX, question.topK))
    }
}

internal class FillMask(private val tokenizer: Tokenizer) : Task("fill-mask", Takes.PAIR, Takes.TOP_K) {
    override fun answer(question: Question, rows: List<Encoding>, outputs: List<Outputs>): Answer {
        val ids = rows[0].ids
        val mask = tokenizer.specialIds["mask"]
        val places = ids.indices.filter { ids[it] == mask }
        if (places.isEmpty()) {
            val name = tokenizer.specialTokens["mask"] ?: "mask"
            throw InputError(InputError.Reason.NO_MASK, "The text has no $name to fill.")
        }
        val logits = outputs[0].matrix("logits")
        val count = question.topK?.takeIf { it > 0 } ?: MOST_TOKENS
        return Answer.Masks(places.map { fill(logits, ids, it, count, isOnlyOne = places.size == 1) })
    }

    private fun fill(logits: Matrix, ids: IntArray, place: Int, count: Int, isOnlyOne: Boolean): List<MaskedToken> {
        val scores = softmax(logits.row(place))
        return best(scores, count).map { token ->
            val filled = ids.copyOf().also { it[place] = token }
            val pad = tokenizer.specialIds["pad"]
            val kept = filled.filter { it != pad }.toIntArray()
            MaskedToken(
                scores[token],
                token,
                tokenizer.decode(intArrayOf(token), skipSpecialTokens = false),
                tokenizer.decode(kept, skipSpecialTokens = isOnlyOne) // of several masks the others must be seen
            )
        }
    }

    private companion object {
        const val MOST_TOKENS = 5
    }
}

internal object FeatureExtraction : Task("feature-extraction", Takes.PAIR) {
    override fun answer(question: Question, rows: List<Encoding>, outputs: List<Outputs>): Answer {
        val states = outputs[0].matrix("last_hidden_state")
        return Answer.TokenVectors((0 until states.rows).map { states.floats(it) })
    }
}

/** The embedding of a text, or the cosine of a text's and its pair's; each is encoded alone. */
internal object SentenceSimilarity : Task("sentence-similarity", Takes.PAIR, Takes.PROMPT) {
    override fun texts(question: Question): List<Texts> =
        listOf(Texts(question.text)) + listOfNotNull(question.pair?.let { Texts(it) })

    override fun answer(question: Question, rows: List<Encoding>, outputs: List<Outputs>): Answer {
        val vectors = outputs.map { it.vector("sentence_embedding") }
        if (vectors.size == 1) return Answer.Embedding(vectors[0])
        if (vectors[0].size != vectors[1].size) throw BundleError.damaged("The model's embeddings differ in size.")
        return Answer.Similarity(cosine(vectors[0], vectors[1]))
    }
}

private fun logits(values: FloatArray) = DoubleArray(values.size) { values[it].toDouble() }
