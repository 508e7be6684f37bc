package org.edgelm.demo

import android.content.res.AssetManager
import java.io.FileInputStream
import java.io.IOException
import java.io.InputStream
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import org.edgelm.core.BundleFiles

/** A bundle in a folder of the app's assets. */
class AssetFiles(private val assets: AssetManager, private val folder: String) : BundleFiles {
    override fun exists(name: String): Boolean =
        try {
            open(name).close()
            true
        } catch (_: IOException) {
            false
        }

    override fun open(name: String): InputStream = assets.open("$folder/$name")

    /** A file as it lies in the APK, mapped into memory; `noCompress` of build.gradle.kts must have its ending. */
    fun map(name: String): ByteBuffer = assets.openFd("$folder/$name").use { asset ->
        FileInputStream(asset.fileDescriptor).channel.use { channel ->
            channel.map(FileChannel.MapMode.READ_ONLY, asset.startOffset, asset.declaredLength)
        }
    }
}
