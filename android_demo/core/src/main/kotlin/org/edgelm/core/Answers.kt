package org.edgelm.core

/** What a bundle answers, one kind a task; the best first where there are scores. Offsets count UTF-16 units. */
sealed class Answer {
    /** The answer as `edgelm run --json` gives it; [place] turns an offset into the unit that is wanted. */
    abstract fun toJson(place: (Int) -> Int = { it }): Any

    /** Labels or choices with scores. */
    class Labels(val labels: List<ScoredLabel>) : Answer() {
        override fun toJson(place: (Int) -> Int) = labels.map { mapOf("label" to it.label, "score" to it.score) }
    }

    /** Documents by their scores. */
    class Ranking(val documents: List<RankedDocument>) : Answer() {
        override fun toJson(place: (Int) -> Int) =
            documents.map { mapOf("index" to it.index, "score" to it.score, "text" to it.text) }
    }

    /** Entities of a text, in its order. */
    class Entities(val entities: List<Entity>) : Answer() {
        override fun toJson(place: (Int) -> Int) = entities.map { it.toJson(place) }
    }

    /** Labelled tokens of a text, of aggregation none. */
    class Tokens(val tokens: List<LabelledToken>) : Answer() {
        override fun toJson(place: (Int) -> Int) = tokens.map {
            mapOf(
                "entity" to it.label, "score" to it.score, "index" to it.index, "word" to it.word,
                "start" to place(it.start), "end" to place(it.end)
            )
        }
    }

    /** What is meant, and the entities that say of what. */
    class IntentAndSlots(val intent: ScoredLabel, val slots: List<Entity>) : Answer() {
        override fun toJson(place: (Int) -> Int) =
            mapOf("intent" to intent.label, "score" to intent.score, "slots" to slots.map { it.toJson(place) })
    }

    /** Spans of the context. */
    class Spans(val spans: List<Span>) : Answer() {
        override fun toJson(place: (Int) -> Int) = spans.map {
            mapOf("score" to it.score, "start" to place(it.start), "end" to place(it.end), "answer" to it.text)
        }
    }

    /** For each mask of the text, tokens that may stand there. */
    class Masks(val masks: List<List<MaskedToken>>) : Answer() {
        override fun toJson(place: (Int) -> Int): Any {
            val lists = masks.map { mask -> mask.map { it.toJson() } }
            return if (lists.size == 1) lists[0] else lists
        }
    }

    /** A vector for each token. */
    class TokenVectors(val vectors: List<FloatArray>) : Answer() {
        override fun toJson(place: (Int) -> Int) = vectors
    }

    /** A vector for the text. */
    class Embedding(val vector: FloatArray) : Answer() {
        override fun toJson(place: (Int) -> Int) = vector
    }

    /** The cosine of two texts' vectors. */
    class Similarity(val similarity: Double) : Answer() {
        override fun toJson(place: (Int) -> Int) = mapOf("similarity" to similarity)
    }
}

class ScoredLabel(val label: String, val score: Double)

/** A document with its place among those that were given. */
class RankedDocument(val index: Int, val score: Double, val text: String)

/** A token with the best of its labels; [index] is its place among the tokens. */
class LabelledToken(
    val label: String,
    val score: Double,
    val index: Int,
    val word: String,
    val start: Int,
    val end: Int
)

/** Words of one kind; [word] is the text from [start] to [end]. */
class Entity(val group: String, val score: Double, val word: String, val start: Int, val end: Int) {
    internal fun toJson(place: (Int) -> Int) = mapOf(
        "entity_group" to group, "score" to score, "word" to word, "start" to place(start), "end" to place(end)
    )
}

/** A part of the context. */
class Span(val score: Double, val start: Int, val end: Int, val text: String)

/** A token for a mask, as text, and the whole text with it. */
class MaskedToken(val score: Double, val token: Int, val text: String, val sequence: String) {
    internal fun toJson() = mapOf("score" to score, "token" to token, "token_str" to text, "sequence" to sequence)
}
