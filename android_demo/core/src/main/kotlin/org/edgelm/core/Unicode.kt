package org.edgelm.core

/**
 * What the kit knows of each code point, read from [UnicodeData]: a device's own tables differ with its version.
 *
 * Sets, combining class, grapheme class and whether a map changes it lie in the bits of one int a code point, in pages
 * of 256 that are shared where they are equal.
 */
internal object Unicode {
    /** The sets, by the names of the data; each is one bit of [bits]. */
    private val SETS = arrayOf(
        "control", "bert_space", "space", "bert_punctuation", "punctuation", "cjk", "nonspacing", "mark",
        "letter", "number", "regex_space", "word", "added_word", "numeric", "nmt_remove", "nmt_space"
    )
    const val CONTROL = 1 shl 0
    const val BERT_SPACE = 1 shl 1
    const val SPACE = 1 shl 2
    const val BERT_PUNCTUATION = 1 shl 3
    const val PUNCTUATION = 1 shl 4
    const val CJK = 1 shl 5
    const val NONSPACING = 1 shl 6
    const val MARK = 1 shl 7
    const val LETTER = 1 shl 8
    const val NUMBER = 1 shl 9
    const val REGEX_SPACE = 1 shl 10
    const val WORD = 1 shl 11
    const val ADDED_WORD = 1 shl 12
    const val NUMERIC = 1 shl 13
    const val NMT_REMOVE = 1 shl 14
    const val NMT_SPACE = 1 shl 15
    private const val COMBINING_SHIFT = 16
    private const val GRAPHEME_SHIFT = 24

    /** Whether lower case, canonical or compatibility decomposition change it. */
    const val HAS_LOWER = 1 shl 29
    const val HAS_CANONICAL = 1 shl 30
    const val HAS_COMPATIBILITY = 1 shl 31
    private const val PAGE_SHIFT = 8
    private const val PAGE_SIZE = 1 shl PAGE_SHIFT
    private const val CODE_POINTS = 0x110000

    private val pages: Array<IntArray>
    private val lower: Targets
    private val canonical: Targets
    private val compatibility: Targets
    private val compositions = LongIntMap(2048)

    init {
        val lines = UnicodeData.text.split('\n').map { it.split(' ') }
        check(lines[0] == listOf("edgelm-unicode", "1")) { "UnicodeData is of another version" }
        val flags = IntArray(CODE_POINTS)
        val maps = HashMap<String, Targets>()
        for (line in lines) {
            when (line[0]) {
                "set" -> ranges(line) { start, end, _ -> mark(flags, start, end, 1 shl SETS.indexOf(line[1])) }
                "class" -> ranges(line) { start, end, value -> mark(flags, start, end, value shl shiftOf(line[1])) }
                "map" -> if (line[1] == "compose") readCompositions(line) else maps[line[1]] = Targets(line)
            }
        }
        lower = maps.getValue("lower").also { map -> map.eachKey { flags[it] = flags[it] or HAS_LOWER } }
        canonical = maps.getValue("nfd").also { map -> map.eachKey { flags[it] = flags[it] or HAS_CANONICAL } }
        compatibility = maps.getValue("nfkd").also { map -> map.eachKey { flags[it] = flags[it] or HAS_COMPATIBILITY } }
        pages = paged(flags)
    }

    /** The bits of a code point. */
    fun bits(codePoint: Int): Int = pages[codePoint ushr PAGE_SHIFT][codePoint and PAGE_SIZE - 1]

    /** Whether a code point is of one of the sets in [mask]. */
    fun isOf(codePoint: Int, mask: Int): Boolean = bits(codePoint) and mask != 0

    /** Its canonical combining class, 0 to 254. */
    fun combiningClass(codePoint: Int): Int = bits(codePoint) ushr COMBINING_SHIFT and 0xFF

    /** Its class at the boundaries of grapheme clusters, as [Graphemes] numbers them. */
    fun graphemeClass(codePoint: Int): Int = bits(codePoint) ushr GRAPHEME_SHIFT and 0x1F

    /** What it is in lower case: one code point or several, the same for itself. */
    inline fun lowerCase(codePoint: Int, emit: (Int) -> Unit) =
        mapped(codePoint, HAS_LOWER, lower, emit)

    /** Its full decomposition, Hangul's syllables left aside. */
    inline fun decompose(codePoint: Int, isCompatibility: Boolean, emit: (Int) -> Unit) =
        if (isCompatibility) mapped(codePoint, HAS_COMPATIBILITY, compatibility, emit)
        else mapped(codePoint, HAS_CANONICAL, canonical, emit)

    /** The composition of two code points, Hangul's left aside; negative where there is none. */
    fun compose(first: Int, second: Int): Int = compositions.get(first.toLong() shl 32 or second.toLong(), -1)

    private inline fun mapped(codePoint: Int, flag: Int, targets: Targets, emit: (Int) -> Unit) {
        if (bits(codePoint) and flag == 0) return emit(codePoint)
        val at = targets.place(codePoint)
        for (i in at + 1..at + targets.pool[at]) emit(targets.pool[i])
    }

    private fun shiftOf(name: String): Int = if (name == "ccc") COMBINING_SHIFT else GRAPHEME_SHIFT

    private fun mark(flags: IntArray, start: Int, end: Int, bits: Int) {
        for (codePoint in start..end) flags[codePoint] = flags[codePoint] or bits
    }

    /** The ranges of a set or class: `gap`, `gap+extra`, and of a class `:value` behind. */
    private inline fun ranges(line: List<String>, each: (Int, Int, Int) -> Unit) {
        var end = -1
        for (i in 2 until line.size) {
            val range = line[i].substringBefore(':')
            val start = end + 1 + range.substringBefore('+').toInt(36)
            end = start + range.substringAfter('+', "0").toInt(36)
            each(start, end, line[i].substringAfter(':', "0").toInt(36))
        }
    }

    private fun readCompositions(line: List<String>) {
        var first = -1
        for (i in 2 until line.size) {
            val (gap, pair) = line[i].split(':')
            first += 1 + gap.toInt(36)
            val (second, result) = pair.split(',')
            compositions.put(first.toLong() shl 32 or second.toLong(36), result.toInt(36))
        }
    }

    private fun paged(flags: IntArray): Array<IntArray> {
        val shared = HashMap<Int, IntArray>()
        return Array(CODE_POINTS shr PAGE_SHIFT) { number ->
            val page = flags.copyOfRange(number shl PAGE_SHIFT, number + 1 shl PAGE_SHIFT)
            val hash = page.contentHashCode()
            val known = shared[hash]
            if (known != null && known.contentEquals(page)) known else page.also { shared[hash] = it }
        }
    }

    /** Code points to several code points: the place in [pool] of a count, behind which so many targets stand. */
    class Targets(line: List<String>) {
        val pool: IntArray
        private val places = LongIntMap(line.size)
        private val keys = IntArray(line.size - 2)

        init {
            val found = IntList(line.size * 3)
            var codePoint = -1
            for (i in 2 until line.size) {
                val (gap, targets) = line[i].split(':')
                codePoint += 1 + gap.toInt(36)
                keys[i - 2] = codePoint
                places.put(codePoint.toLong(), found.size)
                val numbers = targets.split(',')
                found.add(numbers.size)
                for (number in numbers) found.add(number.toInt(36))
            }
            pool = found.toArray()
        }

        fun place(codePoint: Int): Int = places.get(codePoint.toLong(), -1)

        inline fun eachKey(each: (Int) -> Unit) {
            for (key in keys) each(key)
        }
    }
}
