package org.edgelm.demo

import java.nio.ByteBuffer
import java.nio.FloatBuffer
import org.edgelm.core.BundleError
import org.edgelm.core.FloatTensor
import org.edgelm.core.IntTensor
import org.edgelm.core.LongTensor
import org.edgelm.core.Manifest
import org.edgelm.core.Tensor
import org.tensorflow.lite.Interpreter

/**
 * A TFLite model in LiteRT, on the CPU. `model`: the file, mapped into memory.
 *
 * By the Interpreter and not the CompiledModel: edgelm's models take any length, and the Interpreter resizes its inputs
 * to the arrays it is given.
 */
class LiteRtRunner(model: ByteBuffer, private val manifest: Manifest, threads: Int) : ModelRunner {
    private val interpreter = Interpreter(model, Interpreter.Options().setNumThreads(threads))

    /** The name of the signature for each fixed length; null is the length of the one that takes any. */
    private val signatures: Map<Long?, String> =
        (manifest.details["signatures"] as? Map<*, *> ?: throw BundleError.damaged("edgelm.json names no signatures."))
            .entries.associate { it.value as? Long to it.key as String }

    override fun run(inputs: Map<String, Tensor>): Map<String, Tensor> {
        val length = inputs.values.first().shape[1]
        val signature = signatures[length.toLong()] ?: signatures.getValue(null)
        val shapes = manifest.outputs.associate { it.name to shapeOf(it.shape, length) }
        val outputs = shapes.mapValues { FloatBuffer.allocate(it.value.fold(1) { product, size -> product * size }) }
        interpreter.runSignature(inputs.mapValues { rows(it.value) }, outputs, signature)
        return shapes.mapValues { FloatTensor(it.value, outputs.getValue(it.key).array()) }
    }

    override fun close() = interpreter.close()

    /** The sizes of an output, of a text of so many tokens. */
    private fun shapeOf(sizes: List<String>, length: Int) =
        IntArray(sizes.size) { if (sizes[it] == "length") length else sizes[it].toInt() }

    /** A batch of one as an array of one array: by their sizes the Interpreter resizes its input. */
    private fun rows(tensor: Tensor): Any = when (tensor) {
        is IntTensor -> arrayOf(tensor.data)
        is LongTensor -> arrayOf(tensor.data)
        is FloatTensor -> arrayOf(tensor.data)
    }
}
