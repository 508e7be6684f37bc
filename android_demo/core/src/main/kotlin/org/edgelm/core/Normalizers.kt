package org.edgelm.core

/** Rewrites a text before it is split, and keeps what each code point stands for. */
internal interface Normalizer {
    /** The new text; the old one is not changed, and may itself be the answer. */
    fun normalize(text: AlignedText): AlignedText

    companion object {
        /** The normalizer that a part of tokenizer.json describes. */
        fun read(fields: Fields): Normalizer = when (val type = fields.string("type")) {
            "BertNormalizer" -> bert(fields)
            "Sequence" -> Steps(fields.objects("normalizers").map { read(it) })
            "Lowercase" -> LowerCase
            "StripAccents" -> Without(Unicode.MARK)
            "NFC" -> Normalization(isCompatibility = false, isComposed = true)
            "NFD" -> Normalization(isCompatibility = false, isComposed = false)
            "NFKC" -> Normalization(isCompatibility = true, isComposed = true)
            "NFKD" -> Normalization(isCompatibility = true, isComposed = false)
            "Strip" -> Strip(fields.boolean("strip_left"), fields.boolean("strip_right"))
            "Prepend" -> Prepend(codePointsOf(fields.string("prepend")))
            "Replace" -> Replace(Pattern.read(fields), codePointsOf(fields.string("content")))
            "Precompiled" -> Precompiled.read(fields)
            "Nmt" -> Steps(listOf(Without(Unicode.NMT_REMOVE), Spaced(Unicode.NMT_SPACE)))
            else -> throw UnsupportedError("The kit does not read the normalizer $type of tokenizer.json.")
        }

        /** The rules of BERT that are switched on, in the order in which they go. */
        private fun bert(fields: Fields): Normalizer {
            val isLowered = fields.boolean("lowercase")
            val steps = ArrayList<Normalizer>()
            if (fields.boolean("clean_text")) {
                steps += Without(Unicode.CONTROL)
                steps += Spaced(Unicode.BERT_SPACE)
            }
            if (fields.boolean("handle_chinese_chars")) steps += ApartIdeographs
            if (fields.boolean("strip_accents", isLowered)) {
                steps += Normalization(isCompatibility = false, isComposed = false)
                steps += Without(Unicode.NONSPACING)
            }
            if (isLowered) steps += LowerCase
            return Steps(steps)
        }
    }
}

/** One after the other. */
internal class Steps(private val steps: List<Normalizer>) : Normalizer {
    override fun normalize(text: AlignedText): AlignedText = steps.fold(text) { found, step -> step.normalize(found) }
}

/** Leaves the code points of some sets out. */
internal class Without(private val mask: Int) : Normalizer {
    override fun normalize(text: AlignedText): AlignedText {
        val codePoints = text.codePoints
        val count = text.count { Unicode.isOf(it, mask) }
        if (count == 0) return text
        val found = AlignedText(text.size - count)
        for (i in 0 until text.size) if (!Unicode.isOf(codePoints[i], mask)) found.addLike(codePoints[i], text, i)
        return found
    }
}

/** Makes the code points of some sets spaces. */
internal class Spaced(private val mask: Int) : Normalizer {
    override fun normalize(text: AlignedText): AlignedText {
        val codePoints = text.codePoints
        if (text.count { Unicode.isOf(it, mask) } == 0) return text
        val found = AlignedText(text.size)
        for (i in 0 until text.size) {
            found.addLike(if (Unicode.isOf(codePoints[i], mask)) 0x20 else codePoints[i], text, i)
        }
        return found
    }
}

/** Puts a space on either side of each Chinese character. */
internal object ApartIdeographs : Normalizer {
    override fun normalize(text: AlignedText): AlignedText {
        val codePoints = text.codePoints
        val count = text.count { Unicode.isOf(it, Unicode.CJK) }
        if (count == 0) return text
        val found = AlignedText(text.size + 2 * count)
        for (i in 0 until text.size) {
            val isApart = Unicode.isOf(codePoints[i], Unicode.CJK)
            if (isApart) found.addLike(0x20, text, i)
            found.addLike(codePoints[i], text, i)
            if (isApart) found.addLike(0x20, text, i)
        }
        return found
    }
}

/** Lower case, each code point by itself. */
internal object LowerCase : Normalizer {
    override fun normalize(text: AlignedText): AlignedText {
        val codePoints = text.codePoints
        if (text.count { Unicode.isOf(it, Unicode.HAS_LOWER) } == 0) return text
        val found = AlignedText(text.size)
        for (i in 0 until text.size) Unicode.lowerCase(codePoints[i]) { found.addLike(it, text, i) }
        return found
    }
}

/** Takes white space from either end. */
internal class Strip(private val isLeft: Boolean, private val isRight: Boolean) : Normalizer {
    override fun normalize(text: AlignedText): AlignedText {
        var from = 0
        var to = text.size
        if (isLeft) while (from < to && Unicode.isOf(text.codePoints[from], Unicode.SPACE)) from++
        if (isRight) while (to > from && Unicode.isOf(text.codePoints[to - 1], Unicode.SPACE)) to--
        return if (to - from == text.size) text else text.slice(from, to)
    }
}

/** Puts a text before one that is not empty; it stands for what the first code point stands for. */
internal class Prepend(private val content: IntArray) : Normalizer {
    override fun normalize(text: AlignedText): AlignedText {
        if (text.size == 0) return text
        val found = AlignedText(text.size + content.size)
        for (codePoint in content) found.addLike(codePoint, text, 0)
        found.addAll(text, 0, text.size)
        return found
    }
}

/** Puts a text in the place of each match; it stands for what the last code point of the match stands for. */
internal class Replace(private val pattern: Pattern, private val content: IntArray) : Normalizer {
    override fun normalize(text: AlignedText): AlignedText {
        val matches = IntList()
        pattern.find(text.codePoints, 0, text.size, matches)
        if (matches.size == 0) return text
        val found = AlignedText(text.size)
        var done = 0
        for (i in 0 until matches.size step 2) {
            found.addAll(text, done, matches[i])
            done = matches[i + 1]
            for (codePoint in content) found.addLike(codePoint, text, done - 1)
        }
        found.addAll(text, done, text.size)
        return found
    }
}
