package org.edgelm.web

import android.webkit.JavascriptInterface

/** `window.EdgeLMCore` of the page. WebView calls it on a thread of its own, and the page waits for the reply. */
class CoreBridge(private val core: Core) {
    @JavascriptInterface
    fun call(request: String): String = core.call(request)
}
