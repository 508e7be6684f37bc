package org.edgelm.core

/** What a Replace or a Split looks for; matches do not overlap, and none is empty. */
internal abstract class Pattern {
    /** Add begin and end of every match between [begin] and [end] to [found], the first first. */
    abstract fun find(codePoints: IntArray, begin: Int, end: Int, found: IntList)

    companion object {
        /** The pattern of a component's field: `{"String": ..}` or `{"Regex": ..}`. */
        fun read(fields: Fields): Pattern {
            val written = fields.fields("pattern")
            if (written.has("Regex")) return ofRegex(written.string("Regex"))
            val literal = written.string("String")
            if (literal == "") throw UnsupportedError("tokenizer.json has a pattern that is an empty text.")
            return Literal(codePointsOf(literal))
        }

        private fun ofRegex(regex: String): Pattern = when (regex) {
            """\A +| +\z""" -> EdgeSpaces
            " {2,}" -> Runs(2) { it == SPACE }
            " +" -> Runs(1) { it == SPACE }
            """\s+""" -> Runs(1) { Unicode.isOf(it, Unicode.REGEX_SPACE) }
            """[\r\n]""" -> Each { it == '\r' - '\u0000' || it == '\n' - '\u0000' }
            """\s{2,}|[\n\r\t]""" -> BlankRuns
            GPT2 -> Gpt2Words
            else -> throw UnsupportedError("The kit does not know the regular expression $regex of tokenizer.json.")
        }

        private const val SPACE = 0x20
        private const val GPT2 =
            """'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""
    }
}

/** Each code point of a kind, by itself. */
internal class Each(private val isOfKind: (Int) -> Boolean) : Pattern() {
    override fun find(codePoints: IntArray, begin: Int, end: Int, found: IntList) {
        for (at in begin until end) {
            if (isOfKind(codePoints[at])) {
                found.add(at)
                found.add(at + 1)
            }
        }
    }

    companion object {
        /** Each code point of Unicode's sets in [mask]. */
        fun of(mask: Int) = Each { Unicode.isOf(it, mask) }
    }
}

/** A text as it stands. */
internal class Literal(private val wanted: IntArray) : Pattern() {
    override fun find(codePoints: IntArray, begin: Int, end: Int, found: IntList) {
        var at = begin
        while (at + wanted.size <= end) {
            if (standsAt(codePoints, at)) {
                found.add(at)
                at += wanted.size
                found.add(at)
            } else {
                at++
            }
        }
    }

    private fun standsAt(codePoints: IntArray, at: Int): Boolean {
        for (i in wanted.indices) if (codePoints[at + i] != wanted[i]) return false
        return true
    }
}

/** Runs of a kind, of at least so many code points. */
internal class Runs(private val least: Int, private val isOfKind: (Int) -> Boolean) : Pattern() {
    override fun find(codePoints: IntArray, begin: Int, end: Int, found: IntList) {
        var at = begin
        while (at < end) {
            val first = at
            while (at < end && isOfKind(codePoints[at])) at++
            if (at - first >= least) {
                found.add(first)
                found.add(at)
            }
            if (at == first) at++
        }
    }
}

/** `\A +| +\z`: the spaces at either end. */
internal object EdgeSpaces : Pattern() {
    override fun find(codePoints: IntArray, begin: Int, end: Int, found: IntList) {
        var first = begin
        while (first < end && codePoints[first] == 0x20) first++
        var last = end
        while (last > first && codePoints[last - 1] == 0x20) last--
        if (first > begin) {
            found.add(begin)
            found.add(first)
        }
        if (last < end) {
            found.add(last)
            found.add(end)
        }
    }
}

/** `\s{2,}|[\n\r\t]`: several blanks, or one of those three. */
internal object BlankRuns : Pattern() {
    override fun find(codePoints: IntArray, begin: Int, end: Int, found: IntList) {
        var at = begin
        while (at < end) {
            val first = at
            while (at < end && Unicode.isOf(codePoints[at], Unicode.REGEX_SPACE)) at++
            if (at - first > 1 || at - first == 1 && codePoints[first] in BREAKS) {
                found.add(first)
                found.add(at)
            }
            if (at == first) at++
        }
    }

    private val BREAKS = intArrayOf(0x0A, 0x0D, 0x09)
}

/** `\w+|[^\w\s]+`: words and what is neither word nor space, of the Whitespace pre-tokenizer. */
internal object WordsAndSigns : Pattern() {
    override fun find(codePoints: IntArray, begin: Int, end: Int, found: IntList) {
        var at = begin
        while (at < end) {
            val kind = kind(codePoints[at])
            val first = at++
            while (at < end && kind(codePoints[at]) == kind) at++
            if (kind != Unicode.SPACE) {
                found.add(first)
                found.add(at)
            }
        }
    }

    private fun kind(codePoint: Int): Int {
        val bits = Unicode.bits(codePoint)
        return if (bits and Unicode.WORD != 0) Unicode.WORD else bits and Unicode.SPACE
    }
}

/** GPT-2's words: contractions, and runs of letters, numbers or signs with at most one space before; and blanks. */
internal object Gpt2Words : Pattern() {
    private const val KINDS = Unicode.LETTER or Unicode.NUMBER or Unicode.REGEX_SPACE
    private val CONTRACTIONS = arrayOf("s", "t", "re", "ve", "m", "ll", "d").map { codePointsOf(it) }

    override fun find(codePoints: IntArray, begin: Int, end: Int, found: IntList) {
        var at = begin
        while (at < end) {
            found.add(at)
            at = endOfMatch(codePoints, at, end)
            found.add(at)
        }
    }

    private fun endOfMatch(codePoints: IntArray, begin: Int, end: Int): Int {
        if (codePoints[begin] == '\'' - '\u0000') {
            for (tail in CONTRACTIONS) {
                val stop = begin + 1 + tail.size
                if (stop <= end && tail.indices.all { codePoints[begin + 1 + it] == tail[it] }) return stop
            }
        }
        val first = if (codePoints[begin] == 0x20 && begin + 1 < end) begin + 1 else begin
        val kind = kind(codePoints[first])
        if (kind != Unicode.REGEX_SPACE) return endOfRun(codePoints, first, end, kind)
        val stop = endOfRun(codePoints, begin, end, Unicode.REGEX_SPACE)
        // The last blank before a word belongs to the word, unless it is the only one.
        return if (stop < end && stop - begin > 1) stop - 1 else stop
    }

    private fun endOfRun(codePoints: IntArray, begin: Int, end: Int, kind: Int): Int {
        var at = begin
        while (at < end && kind(codePoints[at]) == kind) at++
        return at
    }

    private fun kind(codePoint: Int): Int {
        val bits = Unicode.bits(codePoint)
        return if (bits and Unicode.REGEX_SPACE != 0) Unicode.REGEX_SPACE else bits and KINDS
    }
}
