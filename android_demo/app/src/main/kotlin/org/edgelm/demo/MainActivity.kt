package org.edgelm.demo

import android.app.Activity
import android.os.Bundle
import android.view.View
import android.widget.AdapterView
import android.widget.ArrayAdapter
import android.widget.EditText
import android.widget.LinearLayout
import android.widget.Spinner
import android.widget.TextView
import org.edgelm.core.EdgelmException
import org.edgelm.core.Question

/** The one screen: a model, what it is asked, its answer, and how this phone does with it. */
class MainActivity : Activity() {
    private val work = Work()
    private val samples = HashMap<Int, String>()
    private lateinit var answerRows: Rows
    private lateinit var reports: Reports

    /** What answers; null while none is loaded. */
    private var model: OpenModel? = null

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        setContentView(R.layout.activity_main)
        answerRows = Rows(view(R.id.answers))
        reports = Reports(this, Rows(view(R.id.report)))
        view<View>(R.id.answer).setOnClickListener { ask() }
        view<View>(R.id.self_test).setOnClickListener { selfTest() }
        view<View>(R.id.benchmark).setOnClickListener { benchmark() }
        setReady(false)
        val names = Models.names(assets)
        if (names.isEmpty()) say(getString(R.string.no_bundles)) else offer(names)
    }

    override fun onDestroy() {
        val last = model
        work.end { last?.close() }
        super.onDestroy()
    }

    /** Fills the list of models; Android then selects one: the first, or that of the screen before this one. */
    private fun offer(names: List<String>) {
        val list = view<Spinner>(R.id.bundle)
        list.adapter = ArrayAdapter(this, android.R.layout.simple_spinner_dropdown_item, names)
        list.onItemSelectedListener = object : AdapterView.OnItemSelectedListener {
            override fun onItemSelected(parent: AdapterView<*>?, row: View?, place: Int, id: Long) = open(names[place])

            override fun onNothingSelected(parent: AdapterView<*>?) = Unit
        }
    }

    private fun open(name: String) {
        val before = model
        model = null
        answerRows.clear()
        reports.clear()
        say(getString(R.string.loading))
        start({
            before?.close()
            Models.open(assets, name)
        }) { opened ->
            model = opened
            say("")
            val size = decimals(opened.bytes / 1e6, 1)
            view<TextView>(R.id.bundle_info).text =
                getString(R.string.bundle_info, opened.task, opened.precision, opened.runtime, size)
            showFields(opened)
        }
    }

    private fun showFields(opened: OpenModel) {
        val screen = opened.screen
        showField(R.id.text_label, R.id.text, screen.text, opened)
        showField(R.id.pair_label, R.id.pair, screen.pair, opened)
        showField(R.id.choices_label, R.id.choices, screen.lines, opened)
    }

    /** Shows a field where the task has it. What a person typed stays; the sample of another task, or nothing, goes. */
    private fun showField(labelId: Int, id: Int, field: TaskScreen.Field?, opened: OpenModel) {
        setShown(field != null, labelId, id)
        if (field == null) return
        view<TextView>(labelId).setText(field.label)
        val text = view<EditText>(id)
        val typed = text.text.toString()
        if (typed.isEmpty() || typed == samples[id]) {
            samples[id] = field.sample?.let { getString(it, opened.mask) } ?: ""
            text.setText(samples[id])
        }
    }

    private fun ask() {
        val opened = model ?: return
        val question = question(opened)
        val lines = lines()
        start({ opened.answer(question, lines) }) { timed ->
            Answers(this, answerRows).show(timed.value, question.text, question.pair)
            say(getString(R.string.timing, decimals(timed.ms, 1), decimals(timed.modelMs, 1), opened.runtime, THREADS))
        }
    }

    private fun selfTest() {
        val opened = model ?: return
        reports.say(getString(R.string.self_test_running))
        start({ opened.selfTest() }) { reports.showSelfTest(it) }
    }

    private fun benchmark() {
        val opened = model ?: return
        val question = question(opened)
        val lines = lines()
        reports.say(getString(R.string.benchmark_running, BENCHMARK_S))
        start({ measure(BENCHMARK_S) { opened.answer(question, lines) } }) { measured ->
            reports.showBenchmark(measured, opened.runtime)
        }
    }

    /** What stands in the fields that the task shows. */
    private fun question(opened: OpenModel): Question =
        Question(typed(R.id.text), if (opened.screen.pair == null) null else typed(R.id.pair).takeIf { it.isNotEmpty() })

    private fun lines(): List<String> =
        if (view<View>(R.id.choices).visibility != View.VISIBLE) emptyList()
        else typed(R.id.choices).lines().map { it.trim() }.filter { it.isNotEmpty() }

    private fun typed(id: Int): String = view<EditText>(id).text.toString()

    /** Runs a job beside the screen, which takes no other meanwhile; then shows what came of it, or the error. */
    private fun <T> start(job: () -> T, done: (T) -> Unit) {
        setReady(false)
        work.run(job, { found ->
            setReady(true)
            done(found)
        }, { error ->
            setReady(true)
            showError(error)
        })
    }

    private fun showError(error: Throwable) {
        answerRows.clear()
        reports.clear()
        say(
            if (error is EdgelmException) getString(R.string.error_with_hint, error.problem, error.hint).trim()
            else getString(R.string.unexpected, error.toString())
        )
    }

    private fun say(message: String) {
        val text = view<TextView>(R.id.message)
        text.text = message
        text.visibility = if (message.isEmpty()) View.GONE else View.VISIBLE
    }

    private fun setReady(isReady: Boolean) {
        for (id in BUTTONS) view<View>(id).isEnabled = isReady && model != null
        view<View>(R.id.busy).visibility = if (isReady) View.INVISIBLE else View.VISIBLE
    }

    private fun setShown(isShown: Boolean, vararg ids: Int) {
        for (id in ids) view<View>(id).visibility = if (isShown) View.VISIBLE else View.GONE
    }

    @Suppress("UNCHECKED_CAST") // the layout says which view an id is
    private fun <V : View> view(id: Int): V = findViewById(id) as V

    private companion object {
        const val BENCHMARK_S = 5
        val BUTTONS = intArrayOf(R.id.answer, R.id.self_test, R.id.benchmark)
    }
}
