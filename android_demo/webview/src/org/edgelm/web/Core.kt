package org.edgelm.web

import java.io.IOException
import java.io.InputStream
import org.edgelm.core.Bundle
import org.edgelm.core.BundleFiles
import org.edgelm.core.BundleSource
import org.edgelm.core.Requests
import org.edgelm.core.Runner
import org.edgelm.core.RunnerSource
import org.edgelm.core.Tensor
import org.edgelm.core.UnsupportedError

/**
 * The Kotlin kit for the page, by the requests of `conformance/README.md`.
 *
 * The page runs the model, so it asks to `prepare` and to `finish`; a bundle's name is its folder's below `bundles/`.
 */
class Core(assets: Assets) {
    private val requests = Requests(PageBundles(assets), PageRunners)

    /** The reply to one request, errors included; one at a time. */
    @Synchronized
    fun call(request: String): String = requests.call(request)

    private class PageBundles(private val assets: Assets) : BundleSource {
        override fun files(path: String): BundleFiles = BundleAssets(assets, "${Site.FOLDER}bundles/$path/")
    }

    private class BundleAssets(private val assets: Assets, private val folder: String) : BundleFiles {
        override fun exists(name: String): Boolean {
            val found = assets.open(folder + name) ?: return false
            found.close()
            return true
        }

        override fun open(name: String): InputStream = assets.open(folder + name) ?: throw IOException("no such asset")
    }

    private object PageRunners : RunnerSource {
        override fun runner(bundle: Bundle): Runner = object : Runner {
            override fun run(inputs: Map<String, Tensor>): Map<String, Tensor> =
                throw UnsupportedError("The model runs in the page.", "Ask to prepare, and to finish with its outputs.")
        }
    }
}
