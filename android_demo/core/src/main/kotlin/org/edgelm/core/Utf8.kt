package org.edgelm.core

/** UTF-8 by the kit's own hand, so that malformed bytes are read alike on every device. */
internal object Utf8 {
    const val REPLACEMENT = 0xFFFD

    /** The UTF-8 bytes of a code point, one by one, the first first. */
    inline fun encode(codePoint: Int, emit: (Int) -> Unit) {
        when {
            codePoint < 0x80 -> emit(codePoint)
            codePoint < 0x800 -> {
                emit(0xC0 or (codePoint shr 6))
                emit(0x80 or (codePoint and 0x3F))
            }
            codePoint < 0x10000 -> {
                emit(0xE0 or (codePoint shr 12))
                emit(0x80 or (codePoint shr 6 and 0x3F))
                emit(0x80 or (codePoint and 0x3F))
            }
            else -> {
                emit(0xF0 or (codePoint shr 18))
                emit(0x80 or (codePoint shr 12 and 0x3F))
                emit(0x80 or (codePoint shr 6 and 0x3F))
                emit(0x80 or (codePoint and 0x3F))
            }
        }
    }

    /** How many bytes a code point takes. */
    fun length(codePoint: Int): Int = when {
        codePoint < 0x80 -> 1
        codePoint < 0x800 -> 2
        codePoint < 0x10000 -> 3
        else -> 4
    }

    /** The text of whole, valid UTF-8; null where it is neither. */
    fun decode(bytes: ByteArray): String? = decode(bytes, bytes.size, lossy = false)

    /** The text, with U+FFFD for each longest part of a character that is not whole, as Rust and the Web have it. */
    fun decodeLossy(bytes: ByteArray, size: Int): String = decode(bytes, size, lossy = true)!!

    private fun decode(bytes: ByteArray, size: Int, lossy: Boolean): String? {
        val text = StringBuilder(size)
        var at = 0
        while (at < size) {
            val lead = bytes[at].toInt() and 0xFF
            if (lead < 0x80) {
                text.append(lead.toChar())
                at++
                continue
            }
            val found = character(bytes, at, size, lead)
            if (found > 0) {
                text.appendCodePoint(found)
                at += length(found)
            } else {
                if (!lossy) return null
                text.appendCodePoint(REPLACEMENT)
                at -= found
            }
        }
        return text.toString()
    }

    /** The character of several bytes that begins at a place, or minus the count of bytes that make no character. */
    private fun character(bytes: ByteArray, at: Int, size: Int, lead: Int): Int {
        val count = when (lead) {
            in 0xC2..0xDF -> 2
            in 0xE0..0xEF -> 3
            in 0xF0..0xF4 -> 4
            else -> return -1
        }
        var codePoint = lead and (0x7F shr count)
        for (i in 1 until count) {
            val byte = if (at + i < size) bytes[at + i].toInt() and 0xFF else 0
            val lowest = if (i > 1) 0x80 else when (lead) {
                0xE0 -> 0xA0
                0xF0 -> 0x90
                else -> 0x80
            }
            val highest = if (i > 1) 0xBF else when (lead) {
                0xED -> 0x9F
                0xF4 -> 0x8F
                else -> 0xBF
            }
            if (byte < lowest || byte > highest) return -i
            codePoint = codePoint shl 6 or (byte and 0x3F)
        }
        return codePoint
    }
}

/** Base64 of the standard alphabet, with its padding; java.util has it only from Android 8. */
internal object Base64 {
    private const val ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    private val VALUES = IntArray(128) { ALPHABET.indexOf(it.toChar()) }

    /** The bytes; null where the text is no base64. */
    fun decode(text: String): ByteArray? {
        if (text.length % 4 != 0) return null
        val padding = if (text.endsWith("==")) 2 else if (text.endsWith("=")) 1 else 0
        val bytes = ByteArray(text.length / 4 * 3 - padding)
        var bits = 0
        var at = 0
        for (i in text.indices) {
            val isPadding = i >= text.length - padding
            val letter = text[i] - '\u0000'
            val value = if (isPadding) 0 else if (letter < 128) VALUES[letter] else -1
            if (value < 0) return null
            bits = bits shl 6 or value
            if (i % 4 == 3) {
                for (shift in intArrayOf(16, 8, 0)) if (at < bytes.size) bytes[at++] = (bits shr shift).toByte()
                bits = 0
            }
        }
        return bytes
    }
}

/** Whether a text is whole characters: no half of a surrogate pair stands alone. */
internal fun isValidUnicode(text: String): Boolean {
    var at = 0
    while (at < text.length) {
        val unit = text[at]
        if (Character.isSurrogate(unit)) {
            val isLead = Character.isHighSurrogate(unit) && at + 1 < text.length
            if (!isLead || !Character.isLowSurrogate(text[at + 1])) return false
            at++
        }
        at++
    }
    return true
}

/** The code points of a valid text. */
internal fun codePointsOf(text: String): IntArray {
    val codePoints = IntArray(text.length)
    var size = 0
    var at = 0
    while (at < text.length) {
        val codePoint = Character.codePointAt(text, at)
        codePoints[size++] = codePoint
        at += Character.charCount(codePoint)
    }
    return codePoints.copyOf(size)
}
