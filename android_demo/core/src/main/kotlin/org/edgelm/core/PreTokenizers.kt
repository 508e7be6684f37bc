package org.edgelm.core

/** Splits a text into the pieces that the model reads, its words. */
internal interface PreTokenizer {
    fun split(splits: Splits): Splits

    companion object {
        /** The pre-tokenizer that a part of tokenizer.json describes. */
        fun read(fields: Fields): PreTokenizer = when (val type = fields.string("type")) {
            "BertPreTokenizer" -> Chain(
                listOf(
                    SplitAt(Each.of(Unicode.SPACE), SplitBehavior.REMOVED),
                    SplitAt(Each.of(Unicode.BERT_PUNCTUATION), SplitBehavior.ISOLATED)
                )
            )
            "Whitespace" -> SplitAt(WordsAndSigns, SplitBehavior.REMOVED, isInverted = true)
            "WhitespaceSplit" -> SplitAt(Each.of(Unicode.SPACE), SplitBehavior.REMOVED)
            "Punctuation" -> SplitAt(
                Each.of(Unicode.PUNCTUATION),
                if (fields.has("behavior")) SplitBehavior.read(fields) else SplitBehavior.ISOLATED
            )
            "Digits" -> SplitAt(
                Each.of(Unicode.NUMERIC),
                if (fields.boolean("individual_digits")) SplitBehavior.ISOLATED else SplitBehavior.CONTIGUOUS
            )
            "Metaspace" -> Metaspace.read(fields)
            "ByteLevel" -> ByteLevel(fields.boolean("add_prefix_space"), fields.boolean("use_regex", true))
            "Split" -> SplitAt(Pattern.read(fields), SplitBehavior.read(fields), fields.boolean("invert"))
            "Sequence" -> Chain(fields.objects("pretokenizers").map { read(it) })
            else -> throw UnsupportedError("The kit does not read the pre-tokenizer $type of tokenizer.json.")
        }
    }
}

/** One after the other. */
internal class Chain(private val steps: List<PreTokenizer>) : PreTokenizer {
    override fun split(splits: Splits): Splits = steps.fold(splits) { found, step -> step.split(found) }
}

/** Splits at the matches of a pattern. */
internal class SplitAt(
    private val pattern: Pattern,
    private val behavior: SplitBehavior,
    private val isInverted: Boolean = false
) : PreTokenizer {
    override fun split(splits: Splits): Splits = splits.split(pattern, behavior, isInverted)
}

/** SentencePiece's: a mark in the place of each space, and one before a piece; then a split before each mark. */
internal class Metaspace(
    private val mark: Int,
    private val scheme: Scheme,
    private val isSplit: Boolean
) : PreTokenizer {
    /** Which pieces get a mark before them that have none. */
    enum class Scheme { ALWAYS, FIRST, NEVER }

    override fun split(splits: Splits): Splits {
        val text = splits.text
        val marked = AlignedText(text.size + splits.size)
        val found = Splits(marked, splits.size)
        for (piece in 0 until splits.size) {
            val from = splits.from(piece)
            val to = splits.to(piece)
            val begin = marked.size
            if (splits.token(piece) >= 0) {
                marked.addAll(text, from, to)
            } else {
                if (isPrepended(text, from)) marked.addLike(mark, text, from)
                for (i in from until to) {
                    val codePoint = text.codePoints[i]
                    marked.addLike(if (codePoint == 0x20) mark else codePoint, text, i)
                }
            }
            found.add(begin, marked.size, splits.token(piece))
        }
        return if (isSplit) found.split(Each { it == mark }, SplitBehavior.MERGED_WITH_NEXT) else found
    }

    private fun isPrepended(text: AlignedText, from: Int): Boolean {
        val first = text.codePoints[from]
        if (first == mark || first == 0x20) return false
        return scheme == Scheme.ALWAYS || scheme == Scheme.FIRST && text.starts[from] == 0
    }

    companion object {
        private val SCHEMES = mapOf("always" to Scheme.ALWAYS, "first" to Scheme.FIRST, "never" to Scheme.NEVER)

        fun read(fields: Fields) = Metaspace(mark(fields), scheme(fields), fields.boolean("split", true))

        fun mark(fields: Fields): Int =
            codePointsOf(fields.string("replacement")).singleOrNull()
                ?: throw fields.wrong("replacement", "one character")

        /** Of files before tokenizers 0.14 `add_prefix_space` says it. */
        fun scheme(fields: Fields): Scheme {
            val written = fields.optionalString("prepend_scheme")
                ?: return if (fields.boolean("add_prefix_space", true)) Scheme.ALWAYS else Scheme.NEVER
            return SCHEMES[written] ?: throw fields.wrong("prepend_scheme", "always, first or never")
        }
    }
}

/** GPT-2's: words by its pattern, then each byte of their UTF-8 as a character of its own. */
internal class ByteLevel(private val addsSpace: Boolean, private val isSplit: Boolean) : PreTokenizer {
    override fun split(splits: Splits): Splits {
        val spaced = if (addsSpace) withSpaces(splits) else splits
        val words = if (isSplit) spaced.split(Gpt2Words, SplitBehavior.ISOLATED) else spaced
        return asBytes(words)
    }

    private fun withSpaces(splits: Splits): Splits {
        val text = splits.text
        val spaced = AlignedText(text.size + splits.size)
        val found = Splits(spaced, splits.size)
        for (piece in 0 until splits.size) {
            val from = splits.from(piece)
            val begin = spaced.size
            if (splits.token(piece) < 0 && text.codePoints[from] != 0x20) spaced.addLike(0x20, text, from)
            spaced.addAll(text, from, splits.to(piece))
            found.add(begin, spaced.size, splits.token(piece))
        }
        return found
    }

    private fun asBytes(splits: Splits): Splits {
        val text = splits.text
        val bytes = AlignedText(text.size + text.size / 2)
        val found = Splits(bytes, splits.size)
        for (piece in 0 until splits.size) {
            val begin = bytes.size
            if (splits.token(piece) >= 0) bytes.addAll(text, splits.from(piece), splits.to(piece))
            else for (i in splits.from(piece) until splits.to(piece)) {
                Utf8.encode(text.codePoints[i]) { bytes.addLike(CHARACTERS[it], text, i) }
            }
            found.add(begin, bytes.size, splits.token(piece))
        }
        return found
    }

    companion object {
        /** The character that stands for each byte: itself where it can be printed, else the next from U+0100 on. */
        val CHARACTERS = IntArray(256)

        /** The character of the space. */
        val SPACE: Int get() = CHARACTERS[0x20]
        private val BYTES = LongIntMap(512)

        init {
            var next = 0x100
            for (byte in 0..255) {
                val isItself = byte in 0x21..0x7E || byte in 0xA1..0xAC || byte in 0xAE..0xFF
                CHARACTERS[byte] = if (isItself) byte else next++
                BYTES.put(CHARACTERS[byte].toLong(), byte)
            }
        }

        /** The byte that a character stands for; negative where it is none's. */
        fun byteOf(codePoint: Int): Int = BYTES.get(codePoint.toLong(), -1)
    }
}
