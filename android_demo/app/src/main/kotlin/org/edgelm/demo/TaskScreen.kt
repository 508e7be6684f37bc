package org.edgelm.demo

/** What the screen asks for a task: the labels of its fields, and what stands in them at first (string resources). */
class TaskScreen(
    val text: Field,
    /** The second text, or null where the task takes none. */
    val pair: Field? = null,
    /** Several texts, one a line, or null where the task takes none. */
    val lines: Field? = null
) {
    class Field(val label: Int, val sample: Int? = null)

    companion object {
        private val RANKING = TaskScreen(
            TaskScreen.Field(R.string.query, R.string.sample_text),
            lines = TaskScreen.Field(R.string.documents, R.string.sample_similar)
        )
        private val TASKS = mapOf(
            "text-classification" to TaskScreen(
                TaskScreen.Field(R.string.text, R.string.sample_text),
                pair = TaskScreen.Field(R.string.second_text)
            ),
            "token-classification" to TaskScreen(TaskScreen.Field(R.string.text, R.string.sample_entities)),
            "intent-and-slots" to TaskScreen(TaskScreen.Field(R.string.text, R.string.sample_command)),
            "question-answering" to TaskScreen(
                TaskScreen.Field(R.string.question, R.string.sample_question),
                pair = TaskScreen.Field(R.string.context, R.string.sample_context)
            ),
            "multiple-choice" to TaskScreen(
                TaskScreen.Field(R.string.text, R.string.sample_choice_text),
                lines = TaskScreen.Field(R.string.choices, R.string.sample_choices)
            ),
            "fill-mask" to TaskScreen(TaskScreen.Field(R.string.text, R.string.sample_mask)),
            "feature-extraction" to TaskScreen(TaskScreen.Field(R.string.text, R.string.sample_text)),
            "sentence-similarity" to TaskScreen(
                TaskScreen.Field(R.string.text, R.string.sample_text),
                lines = TaskScreen.Field(R.string.similar, R.string.sample_similar)
            )
        )

        /** A classifier of one label ranks documents; a task of a newer edgelm is asked for its text alone. */
        fun of(task: String, labels: Int): TaskScreen =
            if (task == "text-classification" && labels == 1) RANKING
            else TASKS[task] ?: TaskScreen(TaskScreen.Field(R.string.text, R.string.sample_text))
    }
}
