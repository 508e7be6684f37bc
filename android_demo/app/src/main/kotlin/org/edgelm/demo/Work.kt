package org.edgelm.demo

import android.os.Handler
import android.os.Looper
import java.util.concurrent.Executors

/** One thread for everything that takes long; what it finds is shown on the main thread. */
class Work {
    private val thread = Executors.newSingleThreadExecutor()
    private val main = Handler(Looper.getMainLooper())
    @Volatile private var isOver = false

    /** Runs `job` after all that was given before; then `done` or `failed`, unless the screen is gone by then. */
    fun <T> run(job: () -> T, done: (T) -> Unit, failed: (Throwable) -> Unit) {
        thread.execute {
            try {
                val found = job()
                show { done(found) }
            } catch (error: Throwable) { // a missing native library or too little memory too: a person sees the message
                show { failed(error) }
            }
        }
    }

    /** Runs `last` after all that was given before, and shows nothing any more. */
    fun end(last: () -> Unit) {
        isOver = true
        thread.execute(last)
        thread.shutdown()
    }

    private fun show(update: () -> Unit) {
        main.post { if (!isOver) update() }
    }
}
