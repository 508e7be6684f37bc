package org.edgelm.core

/**
 * A map of non-negative longs to ints by open addressing: two arrays, no object for an entry.
 *
 * [expected] is how many entries there will be; it grows where there are more.
 */
internal class LongIntMap(expected: Int = 16) {
    private var keys: LongArray
    private var values: IntArray
    private var mask: Int
    private var size = 0

    init {
        var capacity = 16
        while (capacity < Int.MAX_VALUE / 4 && capacity / 2 < expected) capacity *= 2
        keys = LongArray(capacity) { FREE }
        values = IntArray(capacity)
        mask = capacity - 1
    }

    /** The value of a key, or [default]. */
    fun get(key: Long, default: Int): Int {
        var at = place(key)
        while (true) {
            val found = keys[at]
            if (found == key) return values[at]
            if (found == FREE) return default
            at = at + 1 and mask
        }
    }

    /** Set the value of a key. */
    fun put(key: Long, value: Int) {
        if (2 * (size + 1) > keys.size) grow()
        var at = place(key)
        while (keys[at] != key) {
            if (keys[at] == FREE) {
                keys[at] = key
                size++
                break
            }
            at = at + 1 and mask
        }
        values[at] = value
    }

    private fun grow() {
        val oldKeys = keys
        val oldValues = values
        keys = LongArray(oldKeys.size * 2) { FREE }
        values = IntArray(keys.size)
        mask = keys.size - 1
        size = 0
        for (i in oldKeys.indices) if (oldKeys[i] != FREE) put(oldKeys[i], oldValues[i])
    }

    private fun place(key: Long): Int {
        val mixed = key * -7046029254386353131L // the golden ratio's bits, which scatter neighbours
        return (mixed xor (mixed ushr 32)).toInt() and mask
    }

    private companion object {
        const val FREE = -1L
    }
}

/** A list of ints that grows. */
internal class IntList(capacity: Int = 16) {
    var items = IntArray(capacity)
        private set
    var size = 0
        private set

    fun add(item: Int) {
        if (size == items.size) items = items.copyOf(maxOf(16, size * 2))
        items[size++] = item
    }

    operator fun get(at: Int): Int = items[at]

    operator fun set(at: Int, item: Int) {
        items[at] = item
    }

    fun clear() {
        size = 0
    }

    fun toArray(): IntArray = items.copyOf(size)
}
