package org.edgelm.core

/** Puts special tokens around a text and its pair. */
internal interface PostProcessor {
    /** How many tokens it adds. */
    fun added(isPair: Boolean): Int

    /** The parts, with what is added, in their order. */
    fun process(parts: List<Part>): List<Part>

    companion object {
        /** The post-processor that a part of tokenizer.json describes. */
        fun read(fields: Fields): PostProcessor = when (val type = fields.string("type")) {
            "TemplateProcessing" -> Template.read(fields)
            "BertProcessing" ->
                Frame(Special.pair(fields, "cls"), Special.pair(fields, "sep"), isDoubled = false, trim = null)
            "RobertaProcessing" -> Frame(
                Special.pair(fields, "cls"), Special.pair(fields, "sep"), isDoubled = true,
                trim = if (fields.boolean("trim_offsets")) TrimOffsets(fields.boolean("add_prefix_space")) else null
            )
            "ByteLevel" -> ByteLevelOffsets(
                if (fields.boolean("trim_offsets")) TrimOffsets(fields.boolean("add_prefix_space")) else null
            )
            "Sequence" -> Processors(fields.objects("processors").map { read(it) })
            else -> throw UnsupportedError("The kit does not read the post-processor $type of tokenizer.json.")
        }
    }
}

/** The tokens that stand for one special name. */
internal class Special(val ids: IntArray, val tokens: List<String>) {
    fun part(type: Int): Part = Part.special(ids, tokens, type)

    companion object {
        /** Reads `["[SEP]", 102]`. */
        fun pair(fields: Fields, name: String): Special {
            val written = fields.list(name)
            val token = written.getOrNull(0) as? String
            val id = Fields.countOf(written.getOrNull(1))
            if (token == null || id == null) throw fields.wrong(name, "a token and its id")
            return Special(intArrayOf(id), listOf(token))
        }
    }
}

/** One after the other. */
internal class Processors(private val steps: List<PostProcessor>) : PostProcessor {
    override fun added(isPair: Boolean): Int = steps.map { it.added(isPair) }.sum()

    override fun process(parts: List<Part>): List<Part> = steps.fold(parts) { found, step -> step.process(found) }
}

/** A row of texts and special tokens, each with its token type. */
internal class Template private constructor(
    private val single: List<Piece>,
    private val pair: List<Piece>
) : PostProcessor {
    /** A special token, or the text of that number. */
    class Piece(val special: Special?, val sequence: Int, val type: Int)

    override fun added(isPair: Boolean): Int = (if (isPair) pair else single).map { it.special?.ids?.size ?: 0 }.sum()

    override fun process(parts: List<Part>): List<Part> {
        val pieces = when (parts.size) {
            1 -> single
            2 -> pair
            else -> throw UnsupportedError("tokenizer.json puts one template into another.")
        }
        return pieces.map { piece -> piece.special?.part(piece.type) ?: placed(parts, piece) }
    }

    private fun placed(parts: List<Part>, piece: Piece): Part {
        val part = parts.getOrNull(piece.sequence)
            ?: throw BundleError.damaged("tokenizer.json: the template of one text names two.")
        val placed = part.slice(0, part.size, part.isOverflow) // a template may name a text twice
        placed.ranges.putAll(part.ranges)
        if (!part.isOverflow) placed.setType(piece.type)
        placed.setSequence(piece.sequence)
        return placed
    }

    companion object {
        fun read(fields: Fields): Template {
            val names = fields.fields("special_tokens")
            val special = names.names.associateWith { name ->
                val entry = names.fields(name)
                val ids = entry.counts("ids")
                val tokens = entry.strings("tokens")
                if (ids.size != tokens.size) throw entry.damaged("ids and tokens are not equally many")
                Special(ids, tokens)
            }
            return Template(pieces(fields, "single", special), pieces(fields, "pair", special))
        }

        private fun pieces(fields: Fields, name: String, special: Map<String, Special>): List<Piece> =
            fields.objects(name).map { piece ->
                val token = piece.optionalFields("SpecialToken")
                if (token != null) {
                    val id = token.string("id")
                    val found = special[id] ?: throw token.damaged("$id is no special token")
                    Piece(found, -1, token.count("type_id"))
                } else {
                    val sequence = piece.fields("Sequence")
                    Piece(null, if (sequence.string("id") == "A") 0 else 1, sequence.count("type_id"))
                }
            }
    }
}

/** BERT's `[CLS] A [SEP] B [SEP]`, or doubled RoBERTa's `<s> A </s></s> B </s>` of token type 0 alone. */
internal class Frame(
    private val cls: Special,
    private val sep: Special,
    private val isDoubled: Boolean,
    private val trim: TrimOffsets?
) : PostProcessor {
    override fun added(isPair: Boolean): Int = if (!isPair) 2 else if (isDoubled) 4 else 3

    override fun process(parts: List<Part>): List<Part> {
        val found = ArrayList<Part>()
        for ((i, part) in parts.withIndex()) {
            trim?.trim(part)
            if (isDoubled) part.setType(0)
            val type = if (isDoubled || i == 0) 0 else 1
            if (i == 0) found += cls.part(0) else if (isDoubled) found += sep.part(0)
            part.ranges.clear()
            part.setSequence(if (i == 0) 0 else 1)
            found += part
            found += sep.part(type)
        }
        return found
    }
}

/** Byte-level BPE's: adds nothing, and may take the spaces out of the offsets. */
internal class ByteLevelOffsets(private val trim: TrimOffsets?) : PostProcessor {
    override fun added(isPair: Boolean): Int = 0

    override fun process(parts: List<Part>): List<Part> {
        for ((i, part) in parts.withIndex()) {
            trim?.trim(part)
            if (!part.isOverflow) part.setSequence(i)
        }
        return parts
    }
}

/** Takes the spaces that a byte-level token begins or ends with out of its offsets. */
internal class TrimOffsets(private val addsSpace: Boolean) {
    fun trim(part: Part) {
        for (i in 0 until part.size) {
            val token = part.tokens[i]
            var trailing = 0
            while (trailing < token.length && isSpace(token[token.length - 1 - trailing])) trailing++
            var leading = 0
            while (leading < token.length && isSpace(token[leading])) leading++
            if (leading > 0) {
                val isFirst = i == 0 || part.starts[i] == 0
                if (isFirst && addsSpace && leading == 1) leading = 0 // it was added, so the text has none there
                part.starts[i] = minOf(forward(part.text, part.starts[i], leading), part.ends[i])
            }
            val end = if (trailing > 0) backward(part.text, part.ends[i], trailing) else -1
            if (end >= 0) part.ends[i] = maxOf(end, part.starts[i])
        }
    }

    /** Spaces are all of one UTF-16 unit. */
    private fun isSpace(unit: Char): Boolean =
        unit - '\u0000' == ByteLevel.SPACE || Unicode.isOf(unit - '\u0000', Unicode.SPACE)

    /** So many code points further on; behind the text's end each counts one. */
    private fun forward(text: String, from: Int, count: Int): Int {
        var at = from
        repeat(count) { at += if (at < text.length) Character.charCount(Character.codePointAt(text, at)) else 1 }
        return at
    }

    /** So many code points back; negative before the text's beginning. */
    private fun backward(text: String, from: Int, count: Int): Int {
        var at = from
        repeat(count) { if (at > 0) at -= Character.charCount(Character.codePointBefore(text, at)) else return -1 }
        return at
    }
}
