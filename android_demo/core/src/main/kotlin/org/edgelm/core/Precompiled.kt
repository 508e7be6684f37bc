package org.edgelm.core

/**
 * SentencePiece's own normalization: a trie over UTF-8 bytes (a double array) to texts that take a character's place.
 *
 * As the crate does it: a whole grapheme cluster of fewer than 6 bytes is looked up first, then each of its code
 * points; and of what is looked up the shortest beginning that the trie knows takes the place of all.
 */
internal class Precompiled private constructor(private val units: IntArray, private val texts: ByteArray) : Normalizer {
    override fun normalize(text: AlignedText): AlignedText {
        val codePoints = text.codePoints
        val rewriting = Rewriting(text)
        var isChanged = false
        var at = 0
        while (at < text.size) {
            val end = Graphemes.end(codePoints, at, text.size)
            var replacement = if (isShort(codePoints, at, end)) lookUp(codePoints, at, end) else null
            if (replacement != null) {
                isChanged = true
                replace(rewriting, end - at, replacement)
            } else {
                for (i in at until end) {
                    replacement = lookUp(codePoints, i, i + 1)
                    if (replacement == null) {
                        rewriting.add(codePoints[i], 0)
                    } else {
                        isChanged = true
                        replace(rewriting, 1, replacement)
                    }
                }
            }
            at = end
        }
        return if (isChanged) rewriting.done() else text
    }

    private fun isShort(codePoints: IntArray, begin: Int, end: Int): Boolean {
        var bytes = 0
        for (i in begin until end) {
            bytes += Utf8.length(codePoints[i])
            if (bytes >= LONGEST_CLUSTER) return false
        }
        return true
    }

    /** Add a replacement of so many code points; a surplus or a lack is booked on the last ones that were added. */
    private fun replace(rewriting: Rewriting, count: Int, replacement: IntArray) {
        for (codePoint in replacement) rewriting.add(codePoint, 0)
        val surplus = replacement.size - count
        val size = rewriting.size
        if (surplus > 0) for (i in size - surplus until size) rewriting.setChange(i, 1)
        if (surplus < 0 && size > 0) rewriting.setChange(size - 1, rewriting.change(size - 1) + surplus)
    }

    /** What the shortest known beginning of these code points becomes; null where none is known. */
    private fun lookUp(codePoints: IntArray, begin: Int, end: Int): IntArray? {
        var node = offset(units[0])
        for (i in begin until end) {
            Utf8.encode(codePoints[i]) { byte ->
                if (byte == 0) return null
                node = node xor byte
                val unit = unit(node) ?: return null
                if (unit and LABEL != byte) return null
                node = node xor offset(unit)
                if (unit shr 8 and 1 == 1) return textAt((unit(node) ?: return null) and Int.MAX_VALUE)
            }
        }
        return null
    }

    private fun unit(node: Int): Int? = if (node in units.indices) units[node] else null

    private fun offset(unit: Int): Int = unit ushr 10 shl (unit and (1 shl 9) shr 6)

    /** The text that begins at a place and ends with a zero byte or with the file. */
    private fun textAt(begin: Int): IntArray? {
        if (begin > texts.size) return null
        var end = begin
        while (end < texts.size && texts[end].toInt() != 0) end++
        return codePointsOf(Utf8.decode(texts.copyOfRange(begin, end)) ?: return null)
    }

    companion object {
        private const val LONGEST_CLUSTER = 6
        private const val LABEL = 1 shl 31 or 0xFF
        private const val HEAD_BYTES = 4

        /** Reads `precompiled_charsmap`: base64 of the trie's size in bytes, the trie, and the texts. */
        fun read(fields: Fields): Normalizer {
            val bytes = Base64.decode(fields.string("precompiled_charsmap"))
                ?: throw fields.damaged("the charsmap is not base64")
            if (bytes.size < HEAD_BYTES) throw fields.damaged("the charsmap is cut off")
            val size = littleEndian(bytes, 0).toLong() and 0xFFFFFFFFL
            if (size < HEAD_BYTES || HEAD_BYTES + size > bytes.size) throw fields.damaged("the charsmap is cut off")
            val units = IntArray((size / 4).toInt()) { littleEndian(bytes, HEAD_BYTES + 4 * it) }
            val texts = bytes.copyOfRange(HEAD_BYTES + units.size * 4, bytes.size)
            Utf8.decode(texts) ?: throw fields.damaged("the charsmap's texts are not UTF-8")
            return Precompiled(units, texts)
        }

        private fun littleEndian(bytes: ByteArray, at: Int): Int =
            (bytes[at].toInt() and 0xFF) or (bytes[at + 1].toInt() and 0xFF shl 8) or
                (bytes[at + 2].toInt() and 0xFF shl 16) or (bytes[at + 3].toInt() shl 24)
    }
}
