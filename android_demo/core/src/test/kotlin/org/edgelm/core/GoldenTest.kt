package org.edgelm.core

import java.io.File
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Assert.fail
import org.junit.Assume.assumeTrue
import org.junit.Before
import org.junit.Test

/** Replays the golden file of the bundle in the system property `edgelm.bundle`; without one nothing is tried. */
class GoldenTest {
    private val path = System.getProperty("edgelm.bundle").orEmpty()

    @Before
    fun hasBundle() = assumeTrue("Name a bundle: ./gradlew :core:test -Pbundle=DIR", path != "")

    /** A model that has learnt the golden file by heart. */
    private class Recorded(private val golden: Golden, private val changed: Float = 0f) : Runner {
        override fun run(inputs: Map<String, Tensor>): Map<String, Tensor> {
            val ids = idsOf(inputs)
            val case = golden.cases.first { known -> idsOf(known.inputs).let { ids.take(it.size) == it } }
            return case.outputs.mapValues { (_, output) ->
                FloatTensor(output.shape, FloatArray(output.data.size) { output.data[it] + changed })
            }
        }

        private fun idsOf(inputs: Map<String, Tensor>): List<Long> = inputs.getValue("input_ids").let { tensor ->
            if (tensor is IntTensor) tensor.data.map { it.toLong() } else (tensor as LongTensor).data.toList()
        }
    }

    @Test
    fun theTokenizerGivesTheGoldenIdsAndTheExpectedOutputsPass() {
        val bundle = Bundle.open(FolderFiles(File(path)))
        val report = SelfTest(bundle, Recorded(Golden.read(bundle))).run(repeat = 1)
        assertEquals(0, report.tokenizerMismatches)
        assertEquals(Verdict.PASS, report.verdict)
        assertTrue(report.signatures.all { it.maxAbsError == 0.0 })
    }

    @Test
    fun aModelThatIsFarOffFails() {
        val bundle = Bundle.open(FolderFiles(File(path)))
        val report = SelfTest(bundle, Recorded(Golden.read(bundle), changed = 1000f)).run(repeat = 1)
        assertEquals(Verdict.FAIL, report.verdict)
    }

    @Test
    fun aChangedFileIsNamed() {
        val folder = FolderFiles(File(path))
        val changed = object : BundleFiles {
            override fun exists(name: String) = folder.exists(name)

            override fun open(name: String) =
                if (name == "tokenizer.json") "{}".byteInputStream() else folder.open(name)
        }
        try {
            Bundle.open(changed)
            fail("A bundle with a changed file was opened")
        } catch (error: BundleError) {
            assertEquals(BundleError.Reason.CHANGED_FILE, error.reason)
        }
    }
}
