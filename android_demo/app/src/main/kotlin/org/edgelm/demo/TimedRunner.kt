package org.edgelm.demo

import org.edgelm.core.Runner
import org.edgelm.core.Tensor

/** Something, and how long it took: all of it, and the model's part. */
class Timed<T>(val value: T, val ms: Double, val modelMs: Double)

/** A runner that knows how long it has run. */
class TimedRunner(private val runner: Runner) : Runner {
    private var nanoseconds = 0L

    override fun run(inputs: Map<String, Tensor>): Map<String, Tensor> {
        val begin = System.nanoTime()
        try {
            return runner.run(inputs)
        } finally {
            nanoseconds += System.nanoTime() - begin
        }
    }

    fun <T> timed(job: () -> T): Timed<T> {
        nanoseconds = 0
        val begin = System.nanoTime()
        val value = job()
        return Timed(value, (System.nanoTime() - begin) / 1e6, nanoseconds / 1e6)
    }
}
