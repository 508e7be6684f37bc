package org.edgelm.core

/** Turns tokens back into text; their texts are joined at the end. */
internal interface Decoder {
    fun decode(tokens: List<String>): List<String>

    companion object {
        /** The decoder that a part of tokenizer.json describes. */
        fun read(fields: Fields): Decoder = when (val type = fields.string("type")) {
            "WordPiece" -> WordPieceDecoder(fields.string("prefix"), fields.boolean("cleanup"))
            "ByteLevel" -> ByteLevelDecoder
            "Metaspace" -> MetaspaceDecoder(Metaspace.mark(fields), Metaspace.scheme(fields) != Metaspace.Scheme.NEVER)
            "ByteFallback" -> ByteFallbackDecoder
            "Fuse" -> FuseDecoder
            "Strip" -> StripDecoder(
                codePointsOf(fields.string("content")).singleOrNull() ?: throw fields.wrong("content", "one character"),
                fields.count("start"), fields.count("stop")
            )
            "Replace" -> ReplaceDecoder(Pattern.read(fields), fields.string("content"))
            "BPEDecoder" -> BpeDecoder(fields.string("suffix"))
            "Sequence" -> fields.objects("decoders").map { read(it) }.let { steps -> DecoderSteps(steps) }
            else -> throw UnsupportedError("The kit does not read the decoder $type of tokenizer.json.")
        }
    }
}

internal class DecoderSteps(private val steps: List<Decoder>) : Decoder {
    override fun decode(tokens: List<String>): List<String> = steps.fold(tokens) { found, step -> step.decode(found) }
}

/** A space before each token but the first, unless it continues a word; `cleanup` undoes what English lost. */
internal class WordPieceDecoder(private val prefix: String, private val isCleanedUp: Boolean) : Decoder {
    override fun decode(tokens: List<String>): List<String> = tokens.mapIndexed { i, token ->
        val spaced = if (i == 0) token else if (token.startsWith(prefix)) token.substring(prefix.length) else " $token"
        if (isCleanedUp) CLEANUPS.fold(spaced) { text, (from, to) -> text.replace(from, to) } else spaced
    }

    private companion object {
        val CLEANUPS = listOf(
            " ." to ".", " ?" to "?", " !" to "!", " ," to ",", " ' " to "'", " n't" to "n't", " 'm" to "'m",
            " do not" to " don't", " 's" to "'s", " 've" to "'ve", " 're" to "'re"
        )
    }
}

/** The bytes that the characters stand for; a token that has another character is its own UTF-8. */
internal object ByteLevelDecoder : Decoder {
    override fun decode(tokens: List<String>): List<String> {
        val bytes = IntList()
        for (token in tokens) {
            val codePoints = codePointsOf(token)
            if (codePoints.all { ByteLevel.byteOf(it) >= 0 }) codePoints.forEach { bytes.add(ByteLevel.byteOf(it)) }
            else codePoints.forEach { codePoint -> Utf8.encode(codePoint) { bytes.add(it) } }
        }
        val found = ByteArray(bytes.size) { bytes[it].toByte() }
        return listOf(Utf8.decodeLossy(found, found.size))
    }
}

/** A space for each mark; in the first token nothing, where the tokenizer puts a mark before a text. */
internal class MetaspaceDecoder(mark: Int, private val isPrepended: Boolean) : Decoder {
    private val mark = String(Character.toChars(mark))

    override fun decode(tokens: List<String>): List<String> =
        tokens.mapIndexed { i, token -> token.replace(mark, if (i == 0 && isPrepended) "" else " ") }
}

/** Neighbouring `<0x..>` tokens as the text of their bytes; each is U+FFFD where they are no text. */
internal object ByteFallbackDecoder : Decoder {
    override fun decode(tokens: List<String>): List<String> {
        val found = ArrayList<String>(tokens.size)
        val bytes = IntList()
        for (token in tokens) {
            val byte = byteOf(token)
            if (byte >= 0) {
                bytes.add(byte)
            } else {
                flush(bytes, found)
                found += token
            }
        }
        flush(bytes, found)
        return found
    }

    private fun flush(bytes: IntList, found: MutableList<String>) {
        if (bytes.size == 0) return
        val text = Utf8.decode(ByteArray(bytes.size) { bytes[it].toByte() })
        if (text != null) found += text else repeat(bytes.size) { found += "\uFFFD" }
        bytes.clear()
    }

    private fun byteOf(token: String): Int {
        if (token.length != 6 || !token.startsWith("<0x") || !token.endsWith(">")) return -1
        val high = Character.digit(token[3], 16)
        val low = Character.digit(token[4], 16)
        return if (token[3] < '\u0080' && token[4] < '\u0080' && high >= 0 && low >= 0) high * 16 + low else -1
    }
}

internal object FuseDecoder : Decoder {
    override fun decode(tokens: List<String>): List<String> = listOf(tokens.joinToString(""))
}

/** Takes a character off either end of each token, so many times at most. */
internal class StripDecoder(private val content: Int, private val start: Int, private val stop: Int) : Decoder {
    override fun decode(tokens: List<String>): List<String> = tokens.map { token ->
        val codePoints = codePointsOf(token)
        var from = 0
        while (from < minOf(start, codePoints.size) && codePoints[from] == content) from++
        var to = codePoints.size
        while (to > from && codePoints.size - to < stop && codePoints[to - 1] == content) to--
        String(codePoints, from, to - from)
    }
}

internal class ReplaceDecoder(private val pattern: Pattern, private val content: String) : Decoder {
    override fun decode(tokens: List<String>): List<String> = tokens.map { token ->
        val codePoints = codePointsOf(token)
        val matches = IntList()
        pattern.find(codePoints, 0, codePoints.size, matches)
        val found = StringBuilder(token.length)
        var done = 0
        for (i in 0 until matches.size step 2) {
            found.append(String(codePoints, done, matches[i] - done)).append(content)
            done = matches[i + 1]
        }
        found.append(String(codePoints, done, codePoints.size - done)).toString()
    }
}

/** A space for the mark at the end of each word but the last. */
internal class BpeDecoder(private val suffix: String) : Decoder {
    override fun decode(tokens: List<String>): List<String> =
        tokens.mapIndexed { i, token -> token.replace(suffix, if (i == tokens.size - 1) "" else " ") }
}
