package org.edgelm.demo

import ai.onnxruntime.OnnxTensor
import ai.onnxruntime.OrtEnvironment
import ai.onnxruntime.OrtSession
import java.nio.ByteBuffer
import java.nio.FloatBuffer
import java.nio.IntBuffer
import java.nio.LongBuffer
import org.edgelm.core.FloatTensor
import org.edgelm.core.IntTensor
import org.edgelm.core.LongTensor
import org.edgelm.core.Tensor

/** An ONNX model in ONNX Runtime, on the CPU. `model`: the file, mapped into memory or in a direct buffer. */
class OnnxRunner(model: ByteBuffer, threads: Int) : ModelRunner {
    private val environment = OrtEnvironment.getEnvironment() // one for the process, which closes it
    private val options = OrtSession.SessionOptions().apply { setIntraOpNumThreads(threads) }
    private val session = environment.createSession(model, options)

    override fun run(inputs: Map<String, Tensor>): Map<String, Tensor> {
        val given = LinkedHashMap<String, OnnxTensor>()
        var result: OrtSession.Result? = null
        try {
            for ((name, tensor) in inputs) given[name] = onnx(tensor)
            result = session.run(given)
            return result.associate { it.key to read(it.value as OnnxTensor) }
        } finally {
            result?.close()
            given.values.forEach { it.close() }
        }
    }

    override fun close() {
        session.close()
        options.close()
    }

    private fun onnx(tensor: Tensor): OnnxTensor {
        val shape = LongArray(tensor.shape.size) { tensor.shape[it].toLong() }
        return when (tensor) {
            is IntTensor -> OnnxTensor.createTensor(environment, IntBuffer.wrap(tensor.data), shape)
            is LongTensor -> OnnxTensor.createTensor(environment, LongBuffer.wrap(tensor.data), shape)
            is FloatTensor -> OnnxTensor.createTensor(environment, FloatBuffer.wrap(tensor.data), shape)
        }
    }

    private fun read(output: OnnxTensor): Tensor {
        val shape = output.info.shape
        val values = output.floatBuffer
        val data = FloatArray(values.remaining())
        values.get(data)
        return FloatTensor(IntArray(shape.size) { shape[it].toInt() }, data)
    }
}
