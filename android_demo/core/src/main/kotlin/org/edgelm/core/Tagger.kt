package org.edgelm.core

/** Entities of a text from a tagger's logits, by a bundle's decode rules. */
internal class Tagger private constructor(
    private val labels: List<String>,
    private val words: Words,
    private val tags: Tags,
    private val crf: Crf?,
    /** The id of the unknown token, in whose place the text's own words are given; null where there is none. */
    private val unknownId: Int?
) {
    /** What a word is: pieces of the tokenizer's word, or what stands between spaces. */
    enum class Words { PIECES, SPACES }

    /** A way to write tags: all prefixes, those that begin an entity, and those that end it. */
    enum class Tags(val prefixes: String, val begins: String, val ends: String) {
        BIO("BI", "B", ""),
        BMES("BIMELSU", "BSU", "ELSU")
    }

    val labelCount: Int get() = labels.size

    /** A word, or one token, with the best of its labels. */
    private class Labelled(val token: Token, val end: Int, val label: String, val score: Double)

    private class Token(
        val index: Int, val scores: DoubleArray, val start: Int, val end: Int, val word: String, val continues: Boolean
    )

    /** Each token by itself, without those that are outside. */
    fun tokens(logits: Matrix, encoding: Encoding, text: String): List<LabelledToken> =
        units(logits, encoding, text, Aggregation.NONE)
            .filter { it.label != OUTSIDE }
            .map { LabelledToken(it.label, it.score, it.token.index, it.token.word, it.token.start, it.end) }

    /** Neighbours of one kind together, without those that are outside. */
    fun entities(logits: Matrix, encoding: Encoding, text: String, aggregation: Aggregation): List<Entity> =
        grouped(units(logits, encoding, text, aggregation)).map { entity(it, text) }.filter { it.group != OUTSIDE }

    private fun units(logits: Matrix, encoding: Encoding, text: String, aggregation: Aggregation): List<Labelled> {
        val places = (0 until encoding.size).filter { encoding.specialTokensMask[it] == 0 }
        val scores = scores(logits, encoding, text, places)
        val tokens = places.map { token(it, encoding, scores[it], text) }
        val isWhole = aggregation == Aggregation.NONE || aggregation == Aggregation.SIMPLE
        return (if (isWhole) tokens.map { listOf(it) } else words(tokens)).map { labelled(it, aggregation) }
    }

    /** For each token the scores of its labels. */
    private fun scores(logits: Matrix, encoding: Encoding, text: String, places: List<Int>): List<DoubleArray> {
        val rows = (0 until encoding.size).map { logits.row(it) }
        if (crf == null) return rows.map { softmax(it) }
        val read = when (crf.reads) {
            Crf.Reads.ALL -> rows.indices.toList()
            Crf.Reads.TEXT -> places
            Crf.Reads.WORDS -> places.filter { it == places[0] || !continuesWord(it, encoding, text) }
        }
        val found = rows.map { DoubleArray(labels.size) }.toMutableList()
        if (read.isNotEmpty()) crf.scores(read.map { rows[it] }).forEachIndexed { i, row -> found[read[i]] = row }
        val isRead = read.toSet()
        for (place in places) if (place !in isRead) found[place] = found[place - 1]
        return found
    }

    private fun token(index: Int, encoding: Encoding, scores: DoubleArray, text: String): Token {
        val start = encoding.starts[index]
        val end = encoding.ends[index]
        val word = if (encoding.ids[index] == unknownId) slice(text, start, end) else encoding.tokens[index]
        return Token(index, scores, start, end, word, continuesWord(index, encoding, text))
    }

    /** Whether a token belongs to the word of the token before it. */
    private fun continuesWord(index: Int, encoding: Encoding, text: String): Boolean {
        if (encoding.ids[index] == unknownId) return false
        if (words == Words.PIECES) {
            return index > 0 && encoding.wordId(index) != null && encoding.wordId(index) == encoding.wordId(index - 1)
        }
        val start = encoding.starts[index]
        return start > 0 && text[start - 1] != ' ' && (start >= text.length || text[start] != ' ')
    }

    private fun words(tokens: List<Token>): List<List<Token>> {
        val found = ArrayList<MutableList<Token>>()
        for (token in tokens) {
            if (found.size > 0 && token.continues) found.last() += token else found += arrayListOf(token)
        }
        return found
    }

    private fun labelled(tokens: List<Token>, aggregation: Aggregation): Labelled {
        val scores = when (aggregation) {
            Aggregation.AVERAGE -> DoubleArray(labels.size) { label -> tokens.map { it.scores[label] }.average() }
            Aggregation.MAX -> {
                val highest = tokens.map { token -> token.scores[argmax(token.scores)] }
                tokens[argmax(highest.toDoubleArray())].scores
            }
            else -> tokens[0].scores
        }
        val best = argmax(scores)
        return Labelled(tokens[0], tokens.last().end, labels[best], scores[best])
    }

    /** A prefix that begins starts a new group, and so does anything after one that ends; none at all continues. */
    private fun grouped(units: List<Labelled>): List<List<Labelled>> {
        val found = ArrayList<MutableList<Labelled>>()
        var lastPrefix = ""
        var lastKind = ""
        for (unit in units) {
            val dash = unit.label.indexOf('-')
            val isTagged = dash == 1 && unit.label[0] in tags.prefixes
            val prefix = if (isTagged) unit.label.substring(0, 1) else "I"
            val kind = if (isTagged) unit.label.substring(2) else unit.label
            val joins = kind == lastKind && prefix !in tags.begins && (lastPrefix == "" || lastPrefix !in tags.ends)
            if (found.size > 0 && joins) found.last() += unit else found += arrayListOf(unit)
            lastPrefix = prefix
            lastKind = kind
        }
        return found
    }

    private fun entity(units: List<Labelled>, text: String): Entity {
        val start = units[0].token.start
        val end = units.last().end
        val label = units[0].label
        val group = if ('-' in label) label.substring(label.indexOf('-') + 1) else label
        return Entity(group, units.map { it.score }.average(), slice(text, start, end), start, end)
    }

    companion object {
        private const val OUTSIDE = "O"
        private val WORDS = mapOf("pieces" to Words.PIECES, "spaces" to Words.SPACES)
        private val TAGS = mapOf("BIO" to Tags.BIO, "BMES" to Tags.BMES)

        /** Of a tagger's decode rules. */
        fun read(rules: Fields, labels: List<String>, unknownId: Int?): Tagger {
            val words = rules.string("words")
            val tags = rules.optionalString("tags") ?: "BIO"
            return Tagger(
                labels,
                WORDS[words] ?: throw UnsupportedError("The kit knows no words by $words."),
                TAGS[tags] ?: throw UnsupportedError("The kit knows no tags written as $tags."),
                rules.optionalFields("crf")?.let { Crf.read(it, labels.size) },
                unknownId
            )
        }
    }
}

/** A part of a text; nothing where it would end before it begins. */
internal fun slice(text: String, start: Int, end: Int): String =
    if (start < minOf(end, text.length)) text.substring(start, minOf(end, text.length)) else ""
