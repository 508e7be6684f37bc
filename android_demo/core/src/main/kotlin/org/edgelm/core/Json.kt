package org.edgelm.core

/** What is wrong with a JSON text, and where. */
class JsonError(problem: String, val at: Int) : Exception("$problem (character $at)")

/**
 * JSON (RFC 8259), strictly: objects are maps in their order, whole numbers Long, others Double; the last of equal keys
 * counts. Halves of surrogate pairs, written as escapes, are kept.
 */
object Json {
    /** The value of a whole text; [JsonError] where it is none, or deeper than 128 arrays and objects. */
    fun parse(text: String): Any? = JsonReader(text).document()

    /** A value as compact JSON; maps, lists, arrays of numbers, texts, numbers, booleans and null. */
    fun write(value: Any?): String = StringBuilder().also { JsonWriter(it).write(value) }.toString()
}

private class JsonReader(private val text: String) {
    private var at = 0
    private var depth = 0

    fun document(): Any? {
        val found = value()
        skipBlanks()
        if (at < text.length) throw fail("something follows the value")
        return found
    }

    private fun value(): Any? {
        skipBlanks()
        return when (peek()) {
            '{' -> nested { members() }
            '[' -> nested { elements() }
            '"' -> string()
            't' -> word("true", true)
            'f' -> word("false", false)
            'n' -> word("null", null)
            else -> number()
        }
    }

    private inline fun nested(read: () -> Any): Any {
        if (++depth > MOST_DEPTH) throw fail("it is nested deeper than $MOST_DEPTH")
        at++
        val found = read()
        depth--
        return found
    }

    private fun members(): Map<String, Any?> {
        val found = LinkedHashMap<String, Any?>()
        skipBlanks()
        if (take('}')) return found
        while (true) {
            skipBlanks()
            if (peek() != '"') throw fail("a name was expected")
            val name = string()
            skipBlanks()
            if (!take(':')) throw fail("a colon was expected")
            found[name] = value()
            skipBlanks()
            if (take('}')) return found
            if (!take(',')) throw fail("a comma or the end of the object was expected")
        }
    }

    private fun elements(): List<Any?> {
        val found = ArrayList<Any?>(2)
        skipBlanks()
        if (take(']')) return found
        while (true) {
            found.add(value())
            skipBlanks()
            if (take(']')) return found
            if (!take(',')) throw fail("a comma or the end of the array was expected")
        }
    }

    private fun string(): String {
        val begin = ++at
        while (true) {
            val unit = peek()
            if (unit == '"') return text.substring(begin, at++)
            if (unit == '\\') return escaped(begin)
            if (unit < ' ') throw fail("a text is not closed, or holds a control character")
            at++
        }
    }

    /** The rest of a text that has an escape. */
    private fun escaped(begin: Int): String {
        val found = StringBuilder(text.length.coerceAtMost(at - begin + 16)).append(text, begin, at)
        while (true) {
            val unit = peek()
            if (unit < ' ') throw fail("a text is not closed, or holds a control character")
            at++
            when (unit) {
                '"' -> return found.toString()
                '\\' -> found.append(escape())
                else -> found.append(unit)
            }
        }
    }

    private fun escape(): Char {
        val letter = peek()
        at++
        return when (letter) {
            'n' -> '\n'
            't' -> '\t'
            'r' -> '\r'
            'b' -> '\b'
            'f' -> '\u000C'
            '"', '\\', '/' -> letter
            'u' -> hexadecimal()
            else -> throw fail("an unknown escape")
        }
    }

    private fun hexadecimal(): Char {
        var value = 0
        for (i in 0 until 4) {
            val digit = HEXADECIMAL.indexOf(peek())
            if (digit < 0) throw fail("four hexadecimal digits were expected")
            value = value * 16 + if (digit < 16) digit else digit - 6
            at++
        }
        return value.toChar()
    }

    private fun number(): Any {
        val begin = at
        take('-')
        if (!take('0') && digits() == 0) throw fail("a value was expected")
        var isWhole = true
        if (take('.')) {
            isWhole = false
            if (digits() == 0) throw fail("a digit was expected")
        }
        if (take('e') || take('E')) {
            isWhole = false
            if (!take('+')) take('-')
            if (digits() == 0) throw fail("a digit was expected")
        }
        val written = text.substring(begin, at)
        val long = if (isWhole) written.toLongOrNull() else null
        if (long != null && written != "-0") return long
        val double = decimal(written)
        if (double.isInfinite()) throw fail("a number is out of range")
        return double
    }

    /**
     * A number as `tokenizers` reads it: its digits are a whole number, which a power of ten divides. That is not
     * always the nearest Double, and of two ways to cut a word that are equally good the last bit of a score decides.
     * Of more digits than a whole number holds, it is the nearest.
     */
    private fun decimal(written: String): Double {
        val mark = written.indexOfFirst { it == 'e' || it == 'E' }
        val mantissa = if (mark < 0) written else written.substring(0, mark)
        val digits = mantissa.replace(".", "")
        val whole = digits.toDouble()
        if (digits.length > MOST_DIGITS || whole == 0.0) return written.toDouble()
        val exponent = if (mark < 0) 0 else written.substring(mark + 1).toIntOrNull() ?: return written.toDouble()
        val places = if (mantissa.length > digits.length) mantissa.length - mantissa.indexOf('.') - 1 else 0
        val power = exponent.toLong() - places
        return when {
            power >= 0 -> whole * "1e$power".toDouble()
            power >= -LARGEST_POWER -> whole / "1e${-power}".toDouble()
            else -> whole / "1e$LARGEST_POWER".toDouble() / "1e${-power - LARGEST_POWER}".toDouble()
        }
    }

    private fun digits(): Int {
        val begin = at
        while (at < text.length && text[at] in '0'..'9') at++
        return at - begin
    }

    private fun word(written: String, value: Any?): Any? {
        if (!text.startsWith(written, at)) throw fail("a value was expected")
        at += written.length
        return value
    }

    private fun skipBlanks() {
        while (at < text.length) {
            val unit = text[at]
            if (unit != ' ' && unit != '\n' && unit != '\r' && unit != '\t') return
            at++
        }
    }

    private fun peek(): Char = if (at < text.length) text[at] else '\u0000'

    private fun take(unit: Char): Boolean {
        val isThere = at < text.length && text[at] == unit
        if (isThere) at++
        return isThere
    }

    private fun fail(problem: String) = JsonError(problem, at)

    private companion object {
        const val MOST_DEPTH = 128
        const val HEXADECIMAL = "0123456789abcdefABCDEF"

        /** What fits in a whole number of 64 bits. */
        const val MOST_DIGITS = 19

        /** Of ten, in a Double. */
        const val LARGEST_POWER = 308
    }
}

private class JsonWriter(private val out: StringBuilder) {
    fun write(value: Any?) {
        when (value) {
            null -> out.append("null")
            is String -> string(value)
            is Map<*, *> -> members(value)
            is List<*> -> list(value.size) { write(value[it]) }
            is IntArray -> list(value.size) { out.append(value[it]) }
            is LongArray -> list(value.size) { out.append(value[it]) }
            is FloatArray -> list(value.size) { number(value[it].toDouble()) }
            is DoubleArray -> list(value.size) { number(value[it]) }
            is Double -> number(value)
            is Float -> number(value.toDouble())
            is Int, is Long, is Boolean -> out.append(value.toString())
            else -> throw IllegalArgumentException("No JSON for ${value.javaClass.name}")
        }
    }

    /** JSON has no word for what a broken model may give, so it is null. */
    private fun number(value: Double) {
        if (value.isNaN() || value.isInfinite()) out.append("null") else out.append(value)
    }

    private inline fun list(size: Int, element: (Int) -> Unit) {
        out.append('[')
        for (i in 0 until size) {
            if (i > 0) out.append(',')
            element(i)
        }
        out.append(']')
    }

    private fun members(value: Map<*, *>) {
        out.append('{')
        var isFirst = true
        for ((name, member) in value) {
            if (!isFirst) out.append(',')
            isFirst = false
            string(name as String)
            out.append(':')
            write(member)
        }
        out.append('}')
    }

    private fun string(text: String) {
        out.append('"')
        for (i in text.indices) {
            val unit = text[i]
            when {
                unit == '"' || unit == '\\' -> out.append('\\').append(unit)
                unit < ' ' || isAlone(text, i) -> escape(unit)
                else -> out.append(unit)
            }
        }
        out.append('"')
    }

    /** Half of a surrogate pair without its other half, which no UTF-8 can hold. */
    private fun isAlone(text: String, i: Int): Boolean {
        val unit = text[i]
        if (!Character.isSurrogate(unit)) return false
        if (Character.isHighSurrogate(unit)) return i + 1 >= text.length || !Character.isLowSurrogate(text[i + 1])
        return i == 0 || !Character.isHighSurrogate(text[i - 1])
    }

    private fun escape(unit: Char) {
        val digits = Integer.toHexString(unit - '\u0000')
        out.append("\\u").append("0000", 0, 4 - digits.length).append(digits)
    }
}
