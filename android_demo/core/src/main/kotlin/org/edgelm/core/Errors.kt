package org.edgelm.core

/**
 * Base of every error the kit raises on purpose: what happened, and as a hint the next step.
 *
 * Its three kinds are all there are: whatever the bytes of a bundle and the text, nothing else is thrown.
 */
sealed class EdgelmException(problem: String, val hint: String) : RuntimeException("${told(problem)} $hint".trim()) {
    /** What happened, in one line. */
    val problem: String = told(problem)

    /** The name of the error, the same in every kit. */
    abstract val type: String

    /** Which of its kind it is, for programs; null where there is only one. */
    abstract val kind: String?
}

/** The bundle cannot be used as it is. */
class BundleError(val reason: Reason, problem: String, hint: String = EXPORT_AGAIN) : EdgelmException(problem, hint) {
    /** What is wrong with it; [label] is the word that every kit says. */
    enum class Reason(val label: String) {
        NOT_A_BUNDLE("notABundle"),
        NEWER_SCHEMA("newerSchema"),
        MISSING_FILE("missingFile"),
        CHANGED_FILE("changedFile"),
        DAMAGED("damaged"),
    }

    override val type get() = "BundleError"
    override val kind get() = reason.label

    companion object {
        const val EXPORT_AGAIN = "Export it again."

        /** Of a file whose content is not what it should be. */
        fun damaged(problem: String) = BundleError(Reason.DAMAGED, problem)
    }
}

/** The bundle is whole, but needs a tokenizer component or a task that this kit does not read. */
class UnsupportedError(problem: String, hint: String = "Update the kit, or export another model.") :
    EdgelmException(problem, hint) {
    override val type get() = "UnsupportedError"
    override val kind: String? get() = null
}

/** What was asked cannot be answered. */
class InputError(val reason: Reason, problem: String, hint: String = "") : EdgelmException(problem, hint) {
    /** What is wrong with it; [label] is the word that every kit says. */
    enum class Reason(val label: String) {
        EMPTY_TEXT("emptyText"),
        INVALID_UNICODE("invalidUnicode"),
        TOO_LONG("tooLong"),
        MISSING_CONTEXT("missingContext"),
        TOO_FEW_CHOICES("tooFewChoices"),
        UNKNOWN_PROMPT("unknownPrompt"),
        NO_MASK("noMask"),
        NOT_TAKEN("notTaken"),
    }

    override val type get() = "InputError"
    override val kind get() = reason.label
}

/** A request to [Requests] is not one: no JSON, no such operation, or a field of the wrong type. */
class RequestError(problem: String) : EdgelmException(problem, "") {
    override val type get() = "RequestError"
    override val kind: String? get() = null
}

private const val MOST_TOLD = 500

/** A message that may quote a file, as one line of bearable length. */
private fun told(problem: String): String {
    val line = problem.map { if (it < ' ') ' ' else it }.joinToString("")
    return if (line.length <= MOST_TOLD) line else line.substring(0, MOST_TOLD) + "..."
}
