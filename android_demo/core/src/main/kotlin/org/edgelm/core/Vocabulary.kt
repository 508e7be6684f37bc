package org.edgelm.core

/** A model's tokens by id and by text. */
internal class Vocabulary private constructor(private val tokens: Array<String?>, val trie: Trie, val size: Int) {
    /** The token of an id; null where there is none. */
    fun token(id: Int): String? = if (id in tokens.indices) tokens[id] else null

    /** The id of a text; negative where it is no token. */
    fun id(text: String): Int {
        var node = Trie.ROOT
        var at = 0
        while (at < text.length && node >= 0) {
            val codePoint = Character.codePointAt(text, at)
            node = trie.step(node, codePoint)
            at += Character.charCount(codePoint)
        }
        return trie.id(node)
    }

    /** The ids of `<0x00>` to `<0xFF>`, negative ones for those that are no tokens. */
    fun byteIds(): IntArray = IntArray(256) { id(byteToken(it)) }

    companion object {
        private const val MOST_HOLES = 1 shl 20
        private const val DIGITS = "0123456789ABCDEF"

        /** The token of a byte that no other token covers. */
        fun byteToken(byte: Int): String = "<0x${DIGITS[byte shr 4]}${DIGITS[byte and 15]}>"

        /** From `vocab`, ids by token. */
        fun read(fields: Fields): Vocabulary {
            val entries = fields.any("vocab") as? Map<*, *> ?: throw fields.wrong("vocab", "an object")
            val ids = IntArray(entries.size)
            var largest = -1
            var i = 0
            for (value in entries.values) {
                ids[i] = Fields.countOf(value) ?: throw fields.damaged("a token's id is not a whole number")
                largest = maxOf(largest, ids[i++])
            }
            if (largest > entries.size + MOST_HOLES) throw fields.damaged("token id $largest is out of range")
            val tokens = arrayOfNulls<String>(largest + 1)
            val trie = Trie(entries.size * 3)
            i = 0
            for (token in entries.keys) {
                tokens[ids[i]] = token as String
                trie.put(token, ids[i++])
            }
            return Vocabulary(tokens, trie, entries.size)
        }

        /** From texts whose places are their ids. */
        fun of(texts: Array<String?>): Vocabulary {
            val trie = Trie(texts.size * 3)
            for (i in texts.indices) trie.put(texts[i]!!, i)
            return Vocabulary(texts, trie, texts.size)
        }
    }
}
