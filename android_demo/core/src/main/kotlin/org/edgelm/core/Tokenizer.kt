package org.edgelm.core

/**
 * A tokenizer.json, as Hugging Face's `tokenizers` reads it: text to ids and back.
 *
 * It does not change once it is read, so threads may share it. A `truncation` or `padding` in the file is not followed.
 */
class Tokenizer private constructor(
    private val normalizer: Normalizer?,
    private val preTokenizer: PreTokenizer?,
    private val model: Model,
    private val added: AddedTokens,
    private val postProcessor: PostProcessor?,
    private val decoder: Decoder?,
    /** The special token of each role that the vocabulary has, such as `pad` or `mask`. */
    val specialTokens: Map<String, String>
) {
    /** The id of each role's special token. */
    val specialIds: Map<String, Int> = specialTokens.mapValues { tokenToId(it.value)!! }

    /** The id of a token by its text; null where it is none. */
    fun tokenToId(token: String): Int? {
        val id = added.id(token)
        return (if (id >= 0) id else model.vocabulary.id(token)).takeIf { it >= 0 }
    }

    /** A text, or a text and its pair, with special tokens; [InputError] where one holds half of a character. */
    fun encode(text: String, pair: String? = null): Encoding = join(parts(text, pair))

    /**
     * The same with at most [maxLength] tokens, the longer text cut first, as Hugging Face's `truncation=True`. Where
     * the special tokens alone are more, nothing is cut, as there.
     */
    fun cut(text: String, pair: String?, maxLength: Int): Encoding {
        val parts = parts(text, pair)
        val room = maxLength - addedBy(parts)
        val total = parts.map { it.size }.sum()
        if (room < 0 || total <= room) return join(parts)
        if (parts.size == 1) return join(listOf(shortened(parts[0], room)))
        val lengths = longestFirst(parts[0].size, parts[1].size, room)
        return join(listOf(shortened(parts[0], lengths[0]), shortened(parts[1], lengths[1])))
    }

    /**
     * A question with its whole context, or with overlapping parts of it where both have more than [length] tokens.
     *
     * Neighbours share [docStride] tokens, fewer where the question leaves too little room for that; [InputError] where
     * it leaves none.
     */
    fun windows(question: String, context: String, length: Int, docStride: Int): List<Encoding> {
        val parts = parts(question, context)
        val whole = join(parts)
        if (whole.size <= length) return listOf(whole)
        val contextTokens = (0 until whole.size).count { whole.sequenceId(it) == 1 }
        val room = length - (whole.size - contextTokens)
        if (room < 1) {
            val questionTokens = (0 until whole.size).count { whole.sequenceId(it) == 0 }
            throw InputError(
                InputError.Reason.TOO_LONG,
                "The question has $questionTokens tokens and leaves no room for its context in $length.",
                "Shorten it, or export with a larger --max-length."
            )
        }
        val wanted = minOf(docStride, length / 2)
        val again = parts(question, context)
        val stride = if (wanted < room) wanted else room / 2
        return overlapping(again[1], room, stride).map { join(listOf(fresh(again[0]), it)) }
    }

    /** The text of ids; those that no token has are left out. */
    fun decode(ids: IntArray, skipSpecialTokens: Boolean): String {
        val tokens = ArrayList<String>(ids.size)
        for (id in ids) {
            val token = added.form(id) ?: model.vocabulary.token(id) ?: continue
            if (!skipSpecialTokens || !added.isSpecial(token)) tokens += token
        }
        return if (decoder == null) tokens.joinToString(" ") else decoder.decode(tokens).joinToString("")
    }

    private fun parts(text: String, pair: String?): List<Part> {
        if (!isValidUnicode(text) || pair != null && !isValidUnicode(pair)) {
            throw InputError(InputError.Reason.INVALID_UNICODE, "The text is not valid Unicode.")
        }
        val first = tokenized(text, 0)
        return if (pair == null) listOf(first) else listOf(first, tokenized(pair, 1))
    }

    /** A text's own tokens. */
    private fun tokenized(text: String, type: Int): Part {
        val found = added.split(text, normalizer)
        val splits = preTokenizer?.split(found) ?: found
        val sink = TokenSink(splits.text)
        for (piece in 0 until splits.size) {
            val from = splits.from(piece)
            val to = splits.to(piece)
            val token = splits.token(piece)
            sink.word = piece
            if (token >= 0) sink.add(token, splits.text.string(from, to), from, to)
            else model.tokenize(splits.text, from, to, sink)
        }
        return Part.of(text, sink, type)
    }

    private fun addedBy(parts: List<Part>): Int = postProcessor?.added(parts.size > 1) ?: 0

    /** Parts with the special tokens around them, as one encoding. */
    private fun join(parts: List<Part>): Encoding {
        if (postProcessor != null || parts.size > 1) for ((i, part) in parts.withIndex()) part.setSequence(i)
        val processed = postProcessor?.process(parts) ?: parts
        return (if (processed.size == 1) processed[0] else Part.join(processed)).encoding()
    }

    private fun shortened(part: Part, length: Int): Part =
        if (length >= part.size) part else part.slice(0, length, isOverflow = false)

    /** A copy for one more window, since a post-processor changes what it is given. */
    private fun fresh(part: Part): Part = part.slice(0, part.size, isOverflow = false)

    /** How many tokens of each text remain of so many in all. */
    private fun longestFirst(first: Int, second: Int, room: Int): IntArray {
        var shorter = minOf(first, second)
        var longer = if (shorter > room) shorter else maxOf(shorter, room - shorter)
        if (shorter + longer > room) {
            shorter = room / 2
            longer = shorter + room % 2
        }
        return if (first > second) intArrayOf(longer, shorter) else intArrayOf(shorter, longer)
    }

    /** Windows of [length] tokens, each of which shares [stride] with the one before it. */
    private fun overlapping(part: Part, length: Int, stride: Int): List<Part> {
        val found = ArrayList<Part>()
        var start = 0
        while (true) {
            val stop = minOf(start + length, part.size)
            found += part.slice(start, stop, isOverflow = start > 0)
            if (stop == part.size) return found
            start += length - stride
        }
    }

    companion object {
        private const val FILE = "tokenizer.json"

        /**
         * Reads a tokenizer.json; [specialTokens] are the roles' tokens of the manifest.
         *
         * [BundleError] where the file is damaged, [UnsupportedError] where it has a part that the kit does not read.
         */
        fun read(content: ByteArray, specialTokens: Map<String, String> = emptyMap()): Tokenizer {
            val fields = Fields.parse(content, FILE)
            if (fields.has("version") && fields.string("version") != "1.0") {
                throw UnsupportedError("The kit reads tokenizer.json of version 1.0, not ${fields.any("version")}.")
            }
            val normalizer = fields.optionalFields("normalizer")?.let { Normalizer.read(it) }
            val model = Model.read(fields.fields("model"))
            val entries = if (fields.has("added_tokens")) fields.objects("added_tokens") else emptyList()
            val added = AddedTokens.read(entries, model, normalizer)
            return Tokenizer(
                normalizer,
                fields.optionalFields("pre_tokenizer")?.let { PreTokenizer.read(it) },
                model,
                added,
                fields.optionalFields("post_processor")?.let { PostProcessor.read(it) },
                fields.optionalFields("decoder")?.let { Decoder.read(it) },
                specialTokens.filterValues { added.id(it) >= 0 || model.vocabulary.id(it) >= 0 }
            )
        }
    }
}
