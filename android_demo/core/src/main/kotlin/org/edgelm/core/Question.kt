package org.edgelm.core

/** What is asked of a bundle: a text, and what its task needs beside it. */
class Question(
    val text: String,
    /** The second text of a pair; the context of a question. */
    val pair: String? = null,
    /** What may follow the text; the documents that are ranked by it. */
    val choices: List<String> = emptyList(),
    /** How many answers; the task's own number where it is null. */
    val topK: Int? = null,
    val aggregation: Aggregation = Aggregation.SIMPLE,
    /** Whether a text that is too long is cut. */
    val isTruncated: Boolean = false,
    /** The name of the bundle's prompt that goes before each text; null: its default, if it has one. */
    val prompt: String? = null
)

/** How the tokens of a tagged text become entities, by the names of Hugging Face's pipeline. */
enum class Aggregation(val label: String) {
    NONE("none"), SIMPLE("simple"), FIRST("first"), AVERAGE("average"), MAX("max");

    companion object {
        fun of(label: String): Aggregation? = values().firstOrNull { it.label == label }
    }
}
