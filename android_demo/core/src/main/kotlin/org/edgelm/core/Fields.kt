package org.edgelm.core

/**
 * The members of a JSON object by their types; [BundleError] (damaged) names the file and the member that is not there
 * or is of another type.
 */
internal class Fields(private val members: Map<*, *>, private val where: String) {
    val names: List<String> get() = members.keys.map { it as String }

    fun has(name: String): Boolean = members[name] != null

    fun any(name: String): Any? = members[name]

    fun string(name: String): String = members[name] as? String ?: throw wrong(name, "a text")

    fun optionalString(name: String): String? = if (has(name)) string(name) else null

    fun boolean(name: String): Boolean = members[name] as? Boolean ?: throw wrong(name, "true or false")

    fun boolean(name: String, default: Boolean): Boolean = if (has(name)) boolean(name) else default

    /** A whole number from 0 to 2,147,483,646: a size, a count or an id. */
    fun count(name: String): Int = countOf(members[name]) ?: throw wrong(name, "a whole number")

    fun optionalCount(name: String): Int? = if (has(name)) count(name) else null

    fun optionalNumber(name: String): Double? =
        if (has(name)) number(members[name]) ?: throw wrong(name, "a number") else null

    fun fields(name: String): Fields =
        Fields(members[name] as? Map<*, *> ?: throw wrong(name, "an object"), "$where: $name")

    fun optionalFields(name: String): Fields? = if (has(name)) fields(name) else null

    fun list(name: String): List<*> = members[name] as? List<*> ?: throw wrong(name, "a list")

    fun strings(name: String): List<String> = list(name).map { it as? String ?: throw wrong(name, "a list of texts") }

    fun counts(name: String): IntArray {
        val found = list(name)
        return IntArray(found.size) { countOf(found[it]) ?: throw wrong(name, "a list of whole numbers") }
    }

    fun numbers(name: String): DoubleArray = numbersOf(list(name)) ?: throw wrong(name, "a list of numbers")

    /** A list of equally long lists of numbers. */
    fun matrix(name: String): List<DoubleArray> =
        list(name).map { numbersOf(it as? List<*>) ?: throw wrong(name, "lists of numbers") }

    fun objects(name: String): List<Fields> =
        list(name).map { Fields(it as? Map<*, *> ?: throw wrong(name, "a list of objects"), "$where: $name") }

    fun wrong(name: String, wanted: String): BundleError = BundleError.damaged(
        if (has(name)) "$where: \"$name\" is not $wanted." else "$where has no \"$name\"; it is damaged."
    )

    fun damaged(problem: String): BundleError = BundleError.damaged("$where: $problem.")

    private fun numbersOf(values: List<*>?): DoubleArray? {
        val found = values?.map { number(it) ?: return null } ?: return null
        return found.toDoubleArray()
    }

    companion object {
        /** The object that a file holds. */
        fun parse(content: ByteArray, file: String): Fields {
            val text = Utf8.decode(content) ?: throw BundleError.damaged("$file is not readable JSON: it is not UTF-8.")
            val value = try {
                Json.parse(text)
            } catch (error: JsonError) {
                throw BundleError.damaged("$file is not readable JSON: ${error.message}.")
            }
            return Fields(value as? Map<*, *> ?: throw BundleError.damaged("$file does not hold a JSON object."), file)
        }

        private fun number(value: Any?): Double? = when (value) {
            is Long -> value.toDouble()
            is Double -> value
            else -> null
        }

        fun countOf(value: Any?): Int? = (value as? Long)?.takeIf { it in 0 until Int.MAX_VALUE }?.toInt()
    }
}
