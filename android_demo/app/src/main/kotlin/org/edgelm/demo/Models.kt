package org.edgelm.demo

import android.content.res.AssetManager
import org.edgelm.core.Bundle
import org.edgelm.core.UnsupportedError

/** The bundles in the app's assets, each in a folder of its own under `bundles/`. */
object Models {
    private const val FOLDER = "bundles"

    fun names(assets: AssetManager): List<String> =
        assets.list(FOLDER).orEmpty().filter { AssetFiles(assets, "$FOLDER/$it").exists(Bundle.MANIFEST) }.sorted()

    /** A bundle with its model loaded; an EdgelmException where the bundle is damaged or of another runtime. */
    fun open(assets: AssetManager, name: String): OpenModel {
        val files = AssetFiles(assets, "$FOLDER/$name")
        val bundle = Bundle.open(files)
        val model = bundle.manifest.artifactFiles.first()
        return when (val format = model.substringAfterLast('.')) {
            "tflite" -> OpenModel(bundle, LiteRtRunner(files.map(model), bundle.manifest, THREADS), "LiteRT")
            "onnx" -> OpenModel(bundle, OnnxRunner(files.map(model), THREADS), "ONNX Runtime")
            else -> throw UnsupportedError(
                "This app runs tflite and onnx models, and this one is $format.",
                "Export the bundle with --target android or --target onnx."
            )
        }
    }
}
