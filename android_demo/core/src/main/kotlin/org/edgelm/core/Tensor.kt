package org.edgelm.core

/** What a tensor holds. */
enum class DType(val label: String) {
    INT32("int32"), INT64("int64"), FLOAT32("float32");

    companion object {
        fun of(label: String): DType? = values().firstOrNull { it.label == label }
    }
}

/** Numbers in a shape, the last axis the closest together. */
sealed class Tensor(val dtype: DType, val shape: IntArray) {
    /** How many numbers its shape has room for. */
    val capacity: Long get() = capacityOf(shape)
}

/** How many numbers a shape has room for; of sizes that no device could hold, some such number. */
internal fun capacityOf(shape: IntArray): Long =
    shape.fold(1L) { product, size -> if (product > Int.MAX_VALUE) product else product * size }

class IntTensor(shape: IntArray, val data: IntArray) : Tensor(DType.INT32, shape)

class LongTensor(shape: IntArray, val data: LongArray) : Tensor(DType.INT64, shape)

class FloatTensor(shape: IntArray, val data: FloatArray) : Tensor(DType.FLOAT32, shape)

/** Runs the bundle's model: named tensors in, named tensors out, one text at a time (a batch axis of 1). */
interface Runner {
    fun run(inputs: Map<String, Tensor>): Map<String, Tensor>
}

/**
 * A runner for any length over one that takes only [lengths]: the shortest that holds a text is filled up with zeros,
 * mask included, and what the model says of those is cut off again.
 */
class PaddedRunner(
    private val runner: Runner,
    private val lengths: List<Int>,
    outputs: List<TensorSpec>
) : Runner {
    private val byToken = outputs.filter { it.isByToken }.map { it.name }.toSet()

    override fun run(inputs: Map<String, Tensor>): Map<String, Tensor> {
        val length = inputs.values.first().shape[1]
        val fixed = lengths.sorted().firstOrNull { it >= length } ?: throw InputError(
            InputError.Reason.TOO_LONG,
            "$length tokens are more than the bundle's largest fixed length, ${lengths.sorted().last()}."
        )
        val found = runner.run(inputs.mapValues { resized(it.value, fixed) })
        return found.mapValues { (name, output) -> if (name in byToken) resized(output, length) else output }
    }

    /** The tensor with another size of axis 1, cut or filled up with zeros; its batch axis is 1. */
    private fun resized(tensor: Tensor, length: Int): Tensor {
        if (tensor.shape.size < 2 || tensor.shape[0] != 1 || tensor.shape[1] == length) return tensor
        val shape = tensor.shape.copyOf().also { it[1] = length }
        val count = shape.fold(1) { product, size -> product * size }
        return when (tensor) {
            is IntTensor -> IntTensor(shape, tensor.data.copyOf(count))
            is LongTensor -> LongTensor(shape, tensor.data.copyOf(count))
            is FloatTensor -> FloatTensor(shape, tensor.data.copyOf(count))
        }
    }
}
