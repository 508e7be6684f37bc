package org.edgelm.demo

import androidx.test.ext.junit.runners.AndroidJUnit4
import androidx.test.platform.app.InstrumentationRegistry
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith

/** On a phone or an emulator: every bundle of the app gives the outputs that its golden files hold. */
@RunWith(AndroidJUnit4::class)
class GoldenTest {
    private val assets = InstrumentationRegistry.getInstrumentation().targetContext.assets

    @Test
    fun the_app_has_bundles() {
        assertTrue("There is no bundle in app/src/main/assets/bundles.", Models.names(assets).isNotEmpty())
    }

    @Test
    fun every_bundle_passes_its_self_test() {
        for (name in Models.names(assets)) {
            Models.open(assets, name).use { model ->
                val report = model.selfTest()
                assertEquals("Golden texts of $name with other token ids", 0, report.tokenizerMismatches)
                assertEquals("Verdict of $name", "pass", report.verdict.label)
            }
        }
    }
}
