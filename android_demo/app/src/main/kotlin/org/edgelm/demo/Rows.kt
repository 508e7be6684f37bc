package org.edgelm.demo

import android.view.LayoutInflater
import android.view.View
import android.widget.LinearLayout
import android.widget.ProgressBar
import android.widget.TableLayout
import android.widget.TableRow
import android.widget.TextView
import java.util.Locale

/** Adds rows to a column of the screen: paragraphs, names with bars, tables. */
class Rows(private val column: LinearLayout) {
    private val context = column.context

    fun clear() = column.removeAllViews()

    fun text(text: CharSequence, style: Int = R.style.Body) {
        val view = TextView(context)
        view.text = text
        view.setTextAppearance(style)
        view.setTextIsSelectable(true)
        column.addView(view)
    }

    /** A name and its score; the bar shows `share`, from 0 to 1. `color`, where there is one, marks the name. */
    fun bar(name: CharSequence, score: Double, share: Double = score, color: Int? = null) {
        val row = LayoutInflater.from(context).inflate(R.layout.row_bar, column, false)
        (row.findViewById(R.id.name) as TextView).apply {
            text = name
            color?.let { setBackgroundColor(it) }
        }
        (row.findViewById(R.id.score) as TextView).text = decimals(score, 3)
        (row.findViewById(R.id.bar) as ProgressBar).apply { progress = (share.coerceIn(0.0, 1.0) * max).toInt() }
        row.contentDescription = context.getString(R.string.score_of, name, decimals(score, 3))
        column.addView(row)
    }

    /** A table whose first row names the columns. */
    fun table(rows: List<List<String>>) {
        val table = TableLayout(context)
        table.isStretchAllColumns = true
        rows.forEachIndexed { number, cells -> table.addView(tableRow(cells, isHead = number == 0)) }
        column.addView(table)
    }

    private fun tableRow(cells: List<String>, isHead: Boolean): View {
        val row = TableRow(context)
        for (cell in cells) {
            val view = TextView(context)
            view.text = cell
            view.setTextAppearance(if (isHead) R.style.Note else R.style.Body)
            view.setPadding(0, GAP, GAP, GAP)
            row.addView(view)
        }
        // Read aloud row by row, not as loose numbers.
        row.contentDescription = cells.joinToString(", ")
        row.isFocusable = true
        return row
    }

    private companion object {
        const val GAP = 8
    }
}

/** A number as the phone's language writes it. */
fun decimals(value: Double, digits: Int): String = String.format(Locale.getDefault(), "%.${digits}f", value)
