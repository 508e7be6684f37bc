package org.edgelm.web

import java.io.ByteArrayInputStream
import java.io.InputStream
import java.net.URI
import java.net.URISyntaxException

/** The files the app carries, by their path below the APK's `assets/`. */
interface Assets {
    /** The file's bytes, or null where there is no such file. */
    fun open(path: String): InputStream?
}

/** What the page is answered: an HTTP response, as `WebResourceResponse` and any web server write it. */
class Reply(
    val status: Int,
    val reason: String,
    val mimeType: String,
    /** `utf-8` of text, null of bytes. */
    val charset: String?,
    val headers: Map<String, String>,
    val body: InputStream
)

/**
 * Answers the page's requests from the app's own files, and all others with an error: nothing leaves the phone.
 *
 * The page has an `https` address because a page of `file:` may neither load modules nor fetch (WebViewAssetLoader's
 * documentation gives the reasons); the domain is the one that is reserved for this use.
 */
class Site(private val assets: Assets) {
    fun reply(method: String, url: String): Reply {
        val path = pathOf(url) ?: return refusal(FORBIDDEN, "Only the app's own files are served.")
        if (method != "GET" && method != "HEAD") {
            return refusal(METHOD_NOT_ALLOWED, "Files are read by GET.")
        }
        val body = assets.open(FOLDER + path) ?: return refusal(NOT_FOUND, "The app has no file $path.")
        val type = MIME_TYPES[path.substringAfterLast('.', "")] ?: BYTES
        val charset = if (type.startsWith("text/") || type in TEXTS) "utf-8" else null
        return Reply(200, "OK", type, charset, HEADERS, body)
    }

    /** The file an address of the app's own names, below the page's folder; null of any other address. */
    private fun pathOf(url: String): String? {
        val address = try {
            URI(url)
        } catch (_: URISyntaxException) {
            return null
        }
        if ("${address.scheme}://${address.rawAuthority}" != ORIGIN) return null
        val path = address.path.removePrefix("/")
        val segments = path.split('/')
        if (".." in segments || "." in segments) return null
        return if (path.isEmpty() || path.endsWith('/')) path + "index.html" else path
    }

    private fun refusal(status: Status, message: String) =
        Reply(status.code, status.reason, "text/plain", "utf-8", HEADERS, ByteArrayInputStream(message.toByteArray()))

    private class Status(val code: Int, val reason: String)

    companion object {
        const val ORIGIN = "https://appassets.androidplatform.net"
        const val HOME = "$ORIGIN/index.html"

        /** Where the built page lies in `assets/`; its bundles are in `bundles/` below it. */
        const val FOLDER = "web/"

        private const val BYTES = "application/octet-stream"
        private val FORBIDDEN = Status(403, "Forbidden")
        private val NOT_FOUND = Status(404, "Not Found")
        private val METHOD_NOT_ALLOWED = Status(405, "Method Not Allowed")

        // The page's own policy (web_demo/index.html) as a header too: its worker does not read the page's.
        private const val POLICY =
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; " +
                "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'"
        private val HEADERS = mapOf(
            // The files change only with the app, and an update must not meet the old ones.
            "Cache-Control" to "no-cache",
            "Content-Security-Policy" to POLICY,
            "X-Content-Type-Options" to "nosniff"
        )

        // A module script or a WebAssembly stream of another type is refused by the browser.
        private val MIME_TYPES = mapOf(
            "html" to "text/html",
            "css" to "text/css",
            "js" to "text/javascript",
            "mjs" to "text/javascript",
            "json" to "application/json",
            "wasm" to "application/wasm",
            "svg" to "image/svg+xml",
            "png" to "image/png",
            "ico" to "image/x-icon",
            "txt" to "text/plain",
            "md" to "text/plain",
            "webmanifest" to "application/manifest+json"
        )
        private val TEXTS = setOf("application/json", "application/manifest+json", "image/svg+xml")
    }
}
