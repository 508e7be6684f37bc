package org.edgelm.demo

import android.content.Context
import android.os.Build
import org.edgelm.core.SelfTestReport

/** Shows how the phone does: the self-test's report, and the benchmark's times. */
class Reports(private val context: Context, private val rows: Rows) {
    fun clear() = rows.clear()

    fun say(message: String) {
        rows.clear()
        rows.text(message, R.style.Note)
    }

    fun showSelfTest(report: SelfTestReport) {
        rows.clear()
        rows.text(context.getString(R.string.verdict, report.verdict.label))
        rows.text(context.getString(R.string.tokenizer_mismatches, report.tokenizerMismatches), R.style.Note)
        val head = texts(
            R.string.column_length, R.string.column_cases, R.string.column_error, R.string.column_verdict,
            R.string.column_p50
        )
        val found = report.signatures.map {
            listOf(it.name, "${it.cases}", decimals(it.maxAbsError, 6), it.verdict.label, decimals(it.p50Ms, 2))
        }
        rows.table(listOf(head) + found)
    }

    fun showBenchmark(measured: Measured, runtime: String) {
        rows.clear()
        val device = "${Build.MANUFACTURER} ${Build.MODEL}"
        val android = Build.VERSION.RELEASE
        rows.text(
            context.getString(R.string.benchmark_note, measured.answers.count, device, android, runtime, THREADS),
            R.style.Note
        )
        val head = listOf("") + texts(R.string.column_p50, R.string.column_p95)
        val found = listOf(times(R.string.row_answer, measured.answers), times(R.string.row_model, measured.model))
        rows.table(listOf(head) + found)
    }

    private fun times(name: Int, times: Times): List<String> =
        listOf(context.getString(name), decimals(times.percentile(0.5), 2), decimals(times.percentile(0.95), 2))

    private fun texts(vararg ids: Int): List<String> = ids.map { context.getString(it) }
}
