package org.edgelm.core

/** A token that is found in a text before the model reads it. */
internal class AddedToken(
    val content: String,
    val isSpecial: Boolean,
    val isNormalized: Boolean,
    val takesLeft: Boolean,
    val takesRight: Boolean,
    val isWord: Boolean
)

/** The added tokens of a tokenizer: what finds them in texts, and what they are when ids are read back. */
internal class AddedTokens private constructor(
    private val byId: Map<Int, AddedToken>,
    /** What normalization makes of a token, where it is another text. */
    private val forms: Map<Int, String>
) {
    private val idsByText = byId.entries.associate { it.value.content to it.key }
    private val special = byId.values.filter { it.isSpecial }.map { it.content }.toSet()
    private val asWritten = trieOf(isNormalized = false)
    private val asNormalized = trieOf(isNormalized = true)

    /** The id of a token's text; negative where there is none. */
    fun id(text: String): Int = idsByText[text] ?: Trie.NONE

    /** What an id is written as when it is read back: for a normalized token its normalized form. */
    fun form(id: Int): String? = forms[id] ?: byId[id]?.content

    fun isSpecial(text: String): Boolean = text in special

    /**
     * The pieces of a valid text: tokens that stand in it as they are, then, in what is between once it is normalized,
     * those that are to be found there.
     */
    fun split(text: String, normalizer: Normalizer?): Splits {
        val original = AlignedText.of(text)
        val first = Splits(original).also { find(original, 0, original.size, asWritten, it) }
        if (first.size == 1 && first.token(0) < 0) {
            val normalized = normalizer?.normalize(original) ?: original
            return Splits(normalized).also { find(normalized, 0, normalized.size, asNormalized, it) }
        }
        val whole = AlignedText(original.size)
        val found = Splits(whole)
        for (piece in 0 until first.size) {
            val part = original.slice(first.from(piece), first.to(piece))
            val begin = whole.size
            if (first.token(piece) >= 0) {
                whole.addAll(part, 0, part.size)
                found.add(begin, whole.size, first.token(piece))
            } else {
                val normalized = normalizer?.normalize(part) ?: part
                whole.addAll(normalized, 0, normalized.size)
                find(whole, begin, whole.size, asNormalized, found)
            }
        }
        return found
    }

    /** Add the pieces of a part of a text: the leftmost tokens, the longest of them, and what lies between. */
    private fun find(text: AlignedText, begin: Int, end: Int, trie: Trie?, found: Splits) {
        var done = begin
        var at = begin
        while (trie != null && at < end) {
            val stop = longest(trie, text.codePoints, at, end)
            if (stop < 0) {
                at++
                continue
            }
            val id = trie.id(trie.walk(Trie.ROOT, text.codePoints, at, stop))
            val token = byId.getValue(id)
            if (!token.isWord || standsAlone(text.codePoints, at, stop, begin, end)) {
                var from = at
                var to = stop
                if (token.takesLeft) while (from > maxOf(begin, done) && isSpace(text.codePoints[from - 1])) from--
                if (token.takesRight) while (to < end && isSpace(text.codePoints[to])) to++
                if (done < from) found.add(done, from)
                found.add(from, to, id)
                done = to
            }
            at = stop
        }
        if (done < end) found.add(done, end)
    }

    /** Where the longest token that begins at a place ends; negative where none begins. */
    private fun longest(trie: Trie, codePoints: IntArray, begin: Int, end: Int): Int {
        var node = Trie.ROOT
        var found = -1
        for (at in begin until end) {
            node = trie.step(node, codePoints[at])
            if (node < 0) break
            if (trie.id(node) >= 0) found = at + 1
        }
        return found
    }

    private fun standsAlone(codePoints: IntArray, from: Int, to: Int, begin: Int, end: Int): Boolean {
        val isFree = from == begin || !Unicode.isOf(codePoints[from - 1], Unicode.ADDED_WORD)
        return isFree && (to == end || !Unicode.isOf(codePoints[to], Unicode.ADDED_WORD))
    }

    private fun isSpace(codePoint: Int) = Unicode.isOf(codePoint, Unicode.SPACE)

    private fun trieOf(isNormalized: Boolean): Trie? {
        val chosen = byId.filterValues { it.isNormalized == isNormalized }
        if (chosen.isEmpty()) return null
        val trie = Trie(chosen.size * 8)
        for ((id, token) in chosen) {
            val form = if (isNormalized) forms[id] ?: token.content else token.content
            if (form == "") {
                throw BundleError.damaged("tokenizer.json: added token \"${token.content}\" is empty once normalized.")
            }
            trie.put(form, id)
        }
        return trie
    }

    companion object {
        /**
         * Reads `added_tokens`. Their ids are those the model has for their texts; the others follow behind its own, in
         * their order, whatever the file says.
         */
        fun read(fields: List<Fields>, model: Model, normalizer: Normalizer?): AddedTokens {
            val byId = LinkedHashMap<Int, AddedToken>()
            val ids = HashMap<String, Int>()
            val forms = HashMap<Int, String>()
            var next = model.vocabulary.size
            for (entry in fields) {
                val token = read(entry)
                if (token.content == "") continue
                val known = ids[token.content] ?: model.vocabulary.id(token.content)
                val id = if (known >= 0) known else next++
                if (token.isNormalized && normalizer != null) {
                    val form = normalizer.normalize(AlignedText.of(token.content)).let { it.string(0, it.size) }
                    if (form != token.content) forms[id] = form
                }
                ids[token.content] = id
                byId[id] = token
            }
            return AddedTokens(byId, forms)
        }

        private fun read(fields: Fields): AddedToken {
            val content = fields.string("content")
            if (!isValidUnicode(content)) throw fields.wrong("content", "valid Unicode")
            return AddedToken(
                content,
                fields.boolean("special"),
                fields.boolean("normalized"),
                fields.boolean("lstrip"),
                fields.boolean("rstrip"),
                fields.boolean("single_word")
            )
        }
    }
}
