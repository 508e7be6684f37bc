package org.edgelm.web.server

import com.sun.net.httpserver.HttpExchange
import com.sun.net.httpserver.HttpHandler
import com.sun.net.httpserver.HttpServer
import java.io.InputStream
import java.net.InetSocketAddress
import java.net.URLDecoder
import java.util.zip.ZipFile
import org.edgelm.web.Assets
import org.edgelm.web.Core
import org.edgelm.web.Site

/**
 * The app's own code over the assets of a finished APK, on the JVM: `java ... org.edgelm.web.server.ServerKt APP.apk`.
 *
 * Prints its port. `/site?url=U` is the answer to the page's request for U; `/core` answers what the page asks of
 * `EdgeLMCore.call`. It ends when its standard input does.
 */
fun main(args: Array<String>) {
    val assets = ApkAssets(ZipFile(args[0]))
    val site = Site(assets)
    val core = Core(assets)
    val server = HttpServer.create(InetSocketAddress("127.0.0.1", 0), 0)
    server.createContext("/site", Handler { exchange ->
        val url = URLDecoder.decode(exchange.requestURI.rawQuery.removePrefix("url="), "utf-8")
        val reply = site.reply(exchange.requestMethod, url)
        val charset = reply.charset?.let { "; charset=$it" } ?: ""
        exchange.responseHeaders["Content-Type"] = listOf(reply.mimeType + charset)
        reply.headers.forEach { (name, value) -> exchange.responseHeaders[name] = listOf(value) }
        exchange.answer(reply.status, reply.body.use { it.readBytes() })
    })
    server.createContext("/core", Handler { exchange ->
        val request = exchange.requestBody.readBytes().toString(Charsets.UTF_8)
        exchange.answer(200, synchronized(core) { core.call(request) }.toByteArray())
    })
    server.start()
    println(server.address.port)
    while (System.`in`.read() != -1) Unit
    server.stop(0)
}

private class Handler(private val handle: (HttpExchange) -> Unit) : HttpHandler {
    override fun handle(exchange: HttpExchange) = exchange.use(handle)

    private fun HttpExchange.use(block: (HttpExchange) -> Unit) =
        try {
            block(this)
        } finally {
            close()
        }
}

private fun HttpExchange.answer(status: Int, body: ByteArray) {
    sendResponseHeaders(status, if (body.isEmpty() || requestMethod == "HEAD") -1 else body.size.toLong())
    if (requestMethod != "HEAD") responseBody.write(body)
}

private class ApkAssets(private val apk: ZipFile) : Assets {
    override fun open(path: String): InputStream? = apk.getEntry("assets/$path")?.let(apk::getInputStream)
}
