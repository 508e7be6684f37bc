package org.edgelm.web

import android.content.res.AssetManager
import java.io.IOException
import java.io.InputStream

/** The assets of the installed APK. */
class AndroidAssets(private val manager: AssetManager) : Assets {
    override fun open(path: String): InputStream? =
        try {
            manager.open(path)
        } catch (_: IOException) { // a FileNotFoundException; of folders too
            null
        }
}
