package org.edgelm.web

import android.app.Activity
import android.content.ActivityNotFoundException
import android.content.Intent
import android.graphics.Color
import android.net.Uri
import android.os.Bundle
import android.util.AndroidRuntimeException
import android.view.View
import android.view.ViewGroup.LayoutParams.MATCH_PARENT
import android.webkit.WebChromeClient
import android.webkit.WebResourceRequest
import android.webkit.WebResourceResponse
import android.webkit.WebView
import android.webkit.WebViewClient
import android.widget.FrameLayout
import android.widget.TextView

/** The one screen: the web demo's page out of the APK, its tokenizer and decoding by the Kotlin kit. */
class MainActivity : Activity() {
    private var page: WebView? = null

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        // Android 15 draws apps behind the system's bars; the page begins below them, and above the keyboard.
        val frame = FrameLayout(this).apply { fitsSystemWindows = true }
        frame.addView(contentOrNotice(), FrameLayout.LayoutParams(MATCH_PARENT, MATCH_PARENT))
        setContentView(frame)
        page?.let { if (state == null || it.restoreState(state) == null) it.loadUrl(Site.HOME) }
    }

    /** The page; of a phone whose WebView is missing or just being updated, a text that says so. */
    private fun contentOrNotice(): View =
        try {
            WebView(this).also {
                page = it
                prepare(it)
            }
        } catch (_: AndroidRuntimeException) {
            TextView(this).apply { setText(R.string.no_webview) }
        }

    private fun prepare(view: WebView) {
        val files = AndroidAssets(assets)
        view.contentDescription = getString(R.string.page)
        view.setBackgroundColor(Color.TRANSPARENT) // until the page has its own, the theme's shows, dark or light
        view.settings.apply {
            javaScriptEnabled = true
            domStorageEnabled = true
            allowFileAccess = false
            allowContentAccess = false
        }
        view.setWebChromeClient(WebChromeClient()) // no property: their getters are of API 26
        view.setWebViewClient(SiteClient(Site(files)))
        view.addJavascriptInterface(CoreBridge(Core(files)), "EdgeLMCore")
    }

    override fun onSaveInstanceState(state: Bundle) {
        super.onSaveInstanceState(state)
        page?.saveState(state)
    }

    override fun onPause() {
        page?.onPause()
        super.onPause()
    }

    override fun onResume() {
        super.onResume()
        page?.onResume()
    }

    @Suppress("OverridingDeprecatedMember") // its successor is of API 33
    override fun onBackPressed() {
        val view = page
        if (view != null && view.canGoBack()) view.goBack() else super.onBackPressed()
    }

    override fun onDestroy() {
        page?.destroy()
        super.onDestroy()
    }

    private inner class SiteClient(private val site: Site) : WebViewClient() {
        override fun shouldInterceptRequest(view: WebView, request: WebResourceRequest): WebResourceResponse {
            val reply = site.reply(request.method, request.url.toString())
            return WebResourceResponse(
                reply.mimeType, reply.charset, reply.status, reply.reason, reply.headers, reply.body
            )
        }

        /** A link to elsewhere opens in the phone's browser. */
        @Suppress("OverridingDeprecatedMember") // its successor is of API 24
        override fun shouldOverrideUrlLoading(view: WebView, url: String): Boolean {
            if (url.startsWith(Site.ORIGIN + "/")) return false
            try {
                startActivity(Intent(Intent.ACTION_VIEW, Uri.parse(url)))
            } catch (_: ActivityNotFoundException) {
                // A phone without a browser: the link does nothing.
            }
            return true
        }
    }
}
