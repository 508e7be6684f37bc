package org.edgelm.core

import java.io.File
import java.io.IOException
import java.io.InputStream
import java.security.MessageDigest

/** Where the files of a bundle lie: a folder, an app's assets, a server. */
interface BundleFiles {
    /** Whether there is a file of that name, a path within the bundle with `/` between its parts. */
    fun exists(name: String): Boolean

    /** The bytes of a file from its beginning; IOException where it cannot be read. */
    fun open(name: String): InputStream
}

/** A bundle that is a folder. */
class FolderFiles(private val folder: File) : BundleFiles {
    override fun exists(name: String): Boolean = File(folder, name).isFile

    override fun open(name: String): InputStream = File(folder, name).inputStream()
}

/** All bytes of a file; [BundleError] where it is not there or cannot be read. */
internal fun BundleFiles.read(name: String): ByteArray = reading(name) { it.readBytes() }

/** The bytes' SHA-256 in hexadecimal, and how many they are. */
internal fun BundleFiles.digest(name: String): Pair<String, Long> = reading(name) { stream ->
    val digest = MessageDigest.getInstance("SHA-256")
    val buffer = ByteArray(1 shl 16)
    var size = 0L
    while (true) {
        val count = stream.read(buffer)
        if (count < 0) break
        digest.update(buffer, 0, count)
        size += count
    }
    Pair(hexadecimal(digest.digest()), size)
}

private inline fun <T> BundleFiles.reading(name: String, read: (InputStream) -> T): T {
    if (!exists(name)) throw lacks(name)
    try {
        return open(name).use { read(it) }
    } catch (error: IOException) {
        throw BundleError.damaged("$name of the bundle cannot be read: ${error.message}.")
    }
}

internal fun lacks(name: String) =
    BundleError(BundleError.Reason.MISSING_FILE, "The bundle lacks $name, which its manifest lists.")

private fun hexadecimal(bytes: ByteArray): String {
    val digits = "0123456789abcdef"
    val text = StringBuilder(bytes.size * 2)
    for (byte in bytes) text.append(digits[byte.toInt() shr 4 and 15]).append(digits[byte.toInt() and 15])
    return text.toString()
}
