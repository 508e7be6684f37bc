package org.edgelm.core

/**
 * Byte-pair encoding (Sennrich et al. 2016): of all neighbours that may be merged always those of the lowest rank, the
 * leftmost first.
 */
internal class Bpe private constructor(
    override val vocabulary: Vocabulary,
    private val ranks: LongIntMap,
    private val mergedIds: IntArray,
    private val rules: Rules
) : Model {
    /** What the file says beside vocabulary and merges. */
    class Rules(
        val unknown: String?,
        val prefix: IntArray,
        val suffix: IntArray,
        val fusesUnknown: Boolean,
        val byteIds: IntArray?,
        val ignoresMerges: Boolean
    )

    private val trie = vocabulary.trie
    private val unknownId = rules.unknown?.let { vocabulary.id(it) } ?: -1

    override fun tokenize(text: AlignedText, from: Int, to: Int, sink: TokenSink) {
        if (rules.ignoresMerges) {
            val id = trie.id(trie.walk(Trie.ROOT, text.codePoints, from, to))
            if (id >= 0) return sink.add(id, vocabulary.token(id)!!, from, to)
        }
        val symbols = Symbols(to - from)
        read(text.codePoints, from, to, symbols)
        symbols.mergeAll()
        symbols.emit(text, from, to, sink)
    }

    /** The symbols of a word before any merge; a character without one is unknown, or bytes, or left out. */
    private fun read(codePoints: IntArray, from: Int, to: Int, symbols: Symbols) {
        var unknownBytes = 0 // of the unknown characters that are not added yet
        for (i in from until to) {
            val codePoint = codePoints[i]
            val id = trie.id(nodeOf(codePoint, isFirst = i == from, isLast = i == to - 1))
            val bytes = Utf8.length(codePoint)
            if (id >= 0) {
                if (unknownBytes > 0) symbols.add(unknownId, unknownBytes)
                unknownBytes = 0
                symbols.add(id, bytes)
            } else if (rules.byteIds == null || !addBytes(rules.byteIds, codePoint, i == from, i == to - 1, symbols)) {
                if (rules.unknown == null) continue
                if (unknownId < 0) throw Model.noUnknown(rules.unknown)
                if (unknownBytes > 0 && !rules.fusesUnknown) {
                    symbols.add(unknownId, unknownBytes)
                    unknownBytes = 0
                }
                unknownBytes += bytes
            }
        }
        if (unknownBytes > 0) symbols.add(unknownId, unknownBytes)
    }

    /** The node of a character with the marks that its place in the word asks for. */
    private fun nodeOf(codePoint: Int, isFirst: Boolean, isLast: Boolean): Int {
        val prefixed = if (isFirst) Trie.ROOT else trie.walk(Trie.ROOT, rules.prefix, 0, rules.prefix.size)
        val node = trie.step(prefixed, codePoint)
        return if (isLast) trie.walk(node, rules.suffix, 0, rules.suffix.size) else node
    }

    /** Add the bytes of a character and its marks; false where one of them is no token. */
    private fun addBytes(
        byteIds: IntArray,
        codePoint: Int,
        isFirst: Boolean,
        isLast: Boolean,
        symbols: Symbols
    ): Boolean {
        val marked = IntList()
        if (!isFirst) rules.prefix.forEach { marked.add(it) }
        marked.add(codePoint)
        if (isLast) rules.suffix.forEach { marked.add(it) }
        val ids = IntList()
        for (i in 0 until marked.size) {
            Utf8.encode(marked[i]) { byte ->
                if (byteIds[byte] < 0) return false
                ids.add(byteIds[byte])
            }
        }
        for (i in 0 until ids.size) symbols.add(ids[i], 1)
        return true
    }

    /** The symbols of one word, a list linked both ways in arrays, and the merges that wait, a heap. */
    private inner class Symbols(capacity: Int) {
        private val ids = IntList(capacity)

        /** Bytes of the word that each covers; 0 once it has been merged into the one before it. */
        private val bytes = IntList(capacity)
        private lateinit var before: IntArray
        private lateinit var behind: IntArray
        private val heap = MergeHeap()

        fun add(id: Int, count: Int) {
            ids.add(id)
            bytes.add(count)
        }

        fun mergeAll() {
            before = IntArray(ids.size) { it - 1 }
            behind = IntArray(ids.size) { if (it + 1 < ids.size) it + 1 else -1 }
            for (i in 0 until ids.size - 1) offer(i)
            while (!heap.isEmpty) {
                val top = heap.pop()
                merge((top and 0xFFFFFFFFL).toInt(), mergedIds[(top ushr 32).toInt()])
            }
        }

        private fun offer(left: Int) {
            val rank = rank(left)
            if (rank >= 0) heap.push(rank.toLong() shl 32 or left.toLong())
        }

        private fun rank(left: Int): Int = ranks.get(pair(ids[left], ids[behind[left]]), -1)

        private fun merge(left: Int, mergedId: Int) {
            if (bytes[left] == 0 || behind[left] < 0) return
            val rank = rank(left)
            if (rank < 0 || mergedIds[rank] != mergedId) return // what waited here is no more
            val right = behind[left]
            ids[left] = mergedId
            bytes[left] += bytes[right]
            bytes[right] = 0
            behind[left] = behind[right]
            if (behind[left] >= 0) before[behind[left]] = left
            if (before[left] >= 0) offer(before[left])
            if (behind[left] >= 0) offer(left)
        }

        /** Hand the symbols over, each with the characters its bytes are of. */
        fun emit(text: AlignedText, from: Int, to: Int, sink: TokenSink) {
            val places = Places(text, from, to)
            for (i in 0 until ids.size) {
                if (bytes[i] == 0) continue
                val first = places.current()
                val last = places.advance(bytes[i])
                if (last < to) sink.add(ids[i], vocabulary.token(ids[i])!!, first, last + 1)
                else places.addOutside(ids[i], bytes[i], sink)
            }
        }

        private inner class Places(private val text: AlignedText, private val from: Int, private val to: Int) {
            private var at = from
            private var done = 0
            private var total = 0

            fun current(): Int = at

            /** Go on by so many bytes; the character of the last of them. */
            fun advance(count: Int): Int {
                total += count
                var left = count
                var last = at
                while (left > 0 && at < to) {
                    val rest = Utf8.length(text.codePoints[at]) - done
                    last = at
                    if (rest <= left) {
                        left -= rest
                        at++
                        done = 0
                    } else {
                        done += left
                        left = 0
                    }
                }
                return if (left > 0) to else last
            }

            /** Marks that became bytes make a word longer than its text: there the crate counts from the start. */
            fun addOutside(id: Int, count: Int, sink: TokenSink) =
                sink.addAt(id, vocabulary.token(id)!!, total - count, total)
        }
    }

    companion object {
        private fun pair(left: Int, right: Int): Long = left.toLong() shl 32 or right.toLong()

        fun read(fields: Fields): Bpe {
            val dropout = fields.optionalNumber("dropout")
            if (dropout != null && dropout != 0.0) {
                throw UnsupportedError("tokenizer.json asks for BPE dropout, which makes tokens a matter of chance.")
            }
            val vocabulary = Vocabulary.read(fields)
            val prefix = fields.optionalString("continuing_subword_prefix") ?: ""
            val merges = fields.list("merges")
            val ranks = LongIntMap(merges.size)
            val mergedIds = IntArray(merges.size)
            var rank = 0
            for (merge in merges) {
                if (merge is String && merge.startsWith("#version")) continue
                val (left, right) = halves(merge) ?: throw fields.damaged("merge $rank is not two tokens")
                if (right.length < prefix.length) throw fields.damaged("merge $rank has no prefix")
                val merged = vocabulary.id(left + right.substring(prefix.length))
                val leftId = vocabulary.id(left)
                val rightId = vocabulary.id(right)
                if (minOf(merged, leftId, rightId) < 0) throw fields.damaged("merge $rank is not of the vocabulary")
                ranks.put(pair(leftId, rightId), rank)
                mergedIds[rank++] = merged
            }
            return Bpe(vocabulary, ranks, mergedIds, rules(fields, prefix, vocabulary))
        }

        private fun rules(fields: Fields, prefix: String, vocabulary: Vocabulary) = Rules(
            unknown = fields.optionalString("unk_token"),
            prefix = codePointsOf(prefix),
            suffix = codePointsOf(fields.optionalString("end_of_word_suffix") ?: ""),
            fusesUnknown = fields.boolean("fuse_unk", false),
            byteIds = if (fields.boolean("byte_fallback", false)) vocabulary.byteIds() else null,
            ignoresMerges = fields.boolean("ignore_merges", false)
        )

        /** The two tokens of a merge, a pair or (until tokenizers 0.20) a text with a space between. */
        private fun halves(merge: Any?): List<String>? {
            val found = when (merge) {
                is String -> merge.split(' ')
                is List<*> -> merge.map { it as? String ?: return null }
                else -> return null
            }
            return found.takeIf { it.size == 2 }
        }
    }
}

/** Longs, of which the smallest is taken first. */
internal class MergeHeap {
    private var items = LongArray(16)
    private var size = 0

    val isEmpty: Boolean get() = size == 0

    fun push(item: Long) {
        if (size == items.size) items = items.copyOf(size * 2)
        var at = size++
        while (at > 0) {
            val parent = (at - 1) / 2
            if (items[parent] <= item) break
            items[at] = items[parent]
            at = parent
        }
        items[at] = item
    }

    fun pop(): Long {
        val top = items[0]
        val last = items[--size]
        var at = 0
        while (true) {
            var child = 2 * at + 1
            if (child >= size) break
            if (child + 1 < size && items[child + 1] < items[child]) child++
            if (items[child] >= last) break
            items[at] = items[child]
            at = child
        }
        items[at] = last
        return top
    }
}
