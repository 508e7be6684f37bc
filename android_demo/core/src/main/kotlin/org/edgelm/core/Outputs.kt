package org.edgelm.core

/** What the model said of one row, its shapes checked; [BundleError] where it is not what the manifest promises. */
internal class Outputs(private val tensors: Map<String, Tensor>, private val tokens: Int) {
    /** An output [size]; without a size, of any. */
    fun vector(name: String, size: Int? = null): FloatArray {
        val tensor = tensor(name, axes = 2)
        if (size != null && tensor.shape[1] != size) throw misshapen(name, tensor, "[1, $size]")
        return tensor.data
    }

    /** An output [tokens], what is said of padding left out. */
    fun byToken(name: String): DoubleArray {
        val tensor = tensor(name, axes = 2)
        if (tensor.shape[1] < tokens) throw misshapen(name, tensor, "[1, $tokens]")
        return DoubleArray(tokens) { tensor.data[it].toDouble() }
    }

    /** An output [tokens, columns], what is said of padding left out; without a number of columns, of any. */
    fun matrix(name: String, columns: Int? = null): Matrix {
        val tensor = tensor(name, axes = 3)
        val isWrong = tensor.shape[1] < tokens || columns != null && tensor.shape[2] != columns
        if (isWrong) throw misshapen(name, tensor, "[1, $tokens, ${columns ?: "size"}]")
        return Matrix(tensor.data, tokens, tensor.shape[2])
    }

    private fun tensor(name: String, axes: Int): FloatTensor {
        val tensor = tensors[name] as? FloatTensor
            ?: throw BundleError.damaged("The model gives no output $name of float32, which its task needs.")
        val isWhole = tensor.shape.all { it > 0 } && tensor.capacity == tensor.data.size.toLong()
        val isOneRow = tensor.shape.size == axes && tensor.shape[0] == 1
        if (!isWhole || !isOneRow) throw misshapen(name, tensor, "of $axes axes")
        return tensor
    }

    private fun misshapen(name: String, tensor: FloatTensor, wanted: String) = BundleError.damaged(
        "The model's output $name is ${tensor.shape.toList()} with ${tensor.data.size} numbers, and should be $wanted."
    )
}
