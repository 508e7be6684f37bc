package org.edgelm.core.driver

import java.io.BufferedInputStream
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.InputStream
import java.io.PrintStream
import java.nio.ByteBuffer
import java.nio.charset.CharacterCodingException
import org.edgelm.core.Bundle
import org.edgelm.core.BundleFiles
import org.edgelm.core.BundleSource
import org.edgelm.core.FolderFiles
import org.edgelm.core.LineRunner
import org.edgelm.core.Requests
import org.edgelm.core.Runner
import org.edgelm.core.RunnerSource

/** The kit on a command line: a request a line on stdin, a reply a line on stdout. The model runs in who asks. */
fun main() {
    val lines = Lines(System.`in`, System.out)
    val requests = Requests(Folders, AskingRunners(lines))
    while (true) {
        val line = lines.read() ?: return
        lines.write(requests.call(line))
    }
}

private object Folders : BundleSource {
    override fun files(path: String): BundleFiles = FolderFiles(File(path))
}

private class AskingRunners(private val lines: Lines) : RunnerSource {
    override fun runner(bundle: Bundle): Runner = LineRunner { run ->
        lines.write(run)
        lines.read() ?: ""
    }
}

/** Lines of UTF-8, of which only a line feed ends one. */
private class Lines(input: InputStream, output: PrintStream) {
    private val input = BufferedInputStream(input, 1 shl 16)
    private val output = PrintStream(output, false, "UTF-8")

    /** The next line; null at the end, and an empty one where it is not UTF-8, which is no JSON either. */
    fun read(): String? {
        val bytes = ByteArrayOutputStream()
        while (true) {
            val byte = input.read()
            if (byte < 0) return if (bytes.size() == 0) null else text(bytes)
            if (byte == '\n' - '\u0000') return text(bytes)
            bytes.write(byte)
        }
    }

    fun write(line: String) {
        output.print(line)
        output.print('\n')
        output.flush()
    }

    private fun text(bytes: ByteArrayOutputStream): String = try {
        Charsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes.toByteArray())).toString()
    } catch (error: CharacterCodingException) {
        ""
    }
}
