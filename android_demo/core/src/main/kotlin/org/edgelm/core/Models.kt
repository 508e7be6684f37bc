package org.edgelm.core

/** What a model says of a text, token by token: ids, texts, and where each stands. */
internal class TokenSink(private val text: AlignedText) {
    val ids = IntList()
    val words = IntList()
    val starts = IntList()
    val ends = IntList()
    val tokens = ArrayList<String>()

    /** The number of the piece whose tokens are added. */
    var word = 0

    /** Add a token that covers the code points [from] until [to] of the normalized text. */
    fun add(id: Int, token: String, from: Int, to: Int) = addAt(id, token, text.starts[from], text.ends[to - 1])

    /** Add a token whose place in the original text is known. */
    fun addAt(id: Int, token: String, start: Int, end: Int) {
        ids.add(id)
        words.add(word)
        starts.add(start)
        ends.add(end)
        tokens.add(token)
    }
}

/** Cuts a word into tokens. */
internal interface Model {
    val vocabulary: Vocabulary

    /** Add the tokens of the code points [from] until [to], which are at least one. */
    fun tokenize(text: AlignedText, from: Int, to: Int, sink: TokenSink)

    companion object {
        /** The model that a part of tokenizer.json describes. */
        fun read(fields: Fields): Model = when (val type = fields.optionalString("type") ?: untyped(fields)) {
            "WordPiece" -> WordPiece.read(fields)
            "BPE" -> Bpe.read(fields)
            "Unigram" -> Unigram.read(fields)
            "WordLevel" -> WordLevel(Vocabulary.read(fields), fields.string("unk_token"))
            else -> throw UnsupportedError("The kit does not read the model $type of tokenizer.json.")
        }

        /** The type of a model in a file of before there were any, by the members that only it has. */
        private fun untyped(fields: Fields): String = when {
            fields.has("merges") -> "BPE"
            fields.has("continuing_subword_prefix") -> "WordPiece"
            fields.has("unk_token") -> "WordLevel"
            else -> "Unigram"
        }

        /** What happens where a word has no tokens and the vocabulary no unknown one. */
        fun noUnknown(token: String?): BundleError =
            BundleError.damaged("tokenizer.json lacks the token for unknown words" + if (token == null) "." else ", $token.")
    }
}

/** Words that are tokens as they are (the simplest model). */
internal class WordLevel(override val vocabulary: Vocabulary, private val unknown: String) : Model {
    private val unknownId = vocabulary.id(unknown)

    override fun tokenize(text: AlignedText, from: Int, to: Int, sink: TokenSink) {
        val id = vocabulary.trie.id(vocabulary.trie.walk(Trie.ROOT, text.codePoints, from, to))
        if (id >= 0) return sink.add(id, vocabulary.token(id)!!, from, to)
        if (unknownId < 0) throw Model.noUnknown(unknown)
        sink.add(unknownId, unknown, from, to)
    }
}

/** WordPiece (Devlin et al. 2019): at each place the longest token, or the whole word is unknown. */
internal class WordPiece private constructor(
    override val vocabulary: Vocabulary,
    private val unknown: String,
    prefix: String,
    private val longestWord: Int
) : Model {
    private val trie = vocabulary.trie
    private val unknownId = vocabulary.id(unknown)

    /** Behind the prefix of the tokens that continue a word. */
    private val inside = codePointsOf(prefix).let { trie.walk(Trie.ROOT, it, 0, it.size) }

    override fun tokenize(text: AlignedText, from: Int, to: Int, sink: TokenSink) {
        if (to - from > longestWord) return addUnknown(from, to, sink)
        val ids = IntList()
        val ends = IntList()
        var at = from
        while (at < to) {
            var id = Trie.NONE
            var end = at
            var node = if (at == from) Trie.ROOT else inside
            for (i in at until to) {
                node = trie.step(node, text.codePoints[i])
                if (node < 0) break
                if (trie.id(node) >= 0) {
                    id = trie.id(node)
                    end = i + 1
                }
            }
            if (id < 0) return addUnknown(from, to, sink)
            ids.add(id)
            ends.add(end)
            at = end
        }
        at = from
        for (i in 0 until ids.size) {
            sink.add(ids[i], vocabulary.token(ids[i])!!, at, ends[i])
            at = ends[i]
        }
    }

    private fun addUnknown(from: Int, to: Int, sink: TokenSink) {
        if (unknownId < 0) throw Model.noUnknown(unknown)
        sink.add(unknownId, unknown, from, to)
    }

    companion object {
        fun read(fields: Fields) = WordPiece(
            Vocabulary.read(fields),
            fields.string("unk_token"),
            fields.string("continuing_subword_prefix"),
            fields.count("max_input_chars_per_word")
        )
    }
}
