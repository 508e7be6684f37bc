package org.edgelm.demo

import android.content.Context
import android.text.SpannableString
import android.text.Spanned
import android.text.style.BackgroundColorSpan

/** A part of a text that an answer is about, in UTF-16 code units as the kit and Android count. */
class Mark(val start: Int, val end: Int, val name: String)

/** Colours for names: the first name gets the first colour, and the same name the same one. */
class Palette(context: Context) {
    private val colors = context.resources.obtainTypedArray(R.array.marks).let { array ->
        IntArray(array.length()) { array.getColor(it, 0) }.also { array.recycle() }
    }
    private val places = LinkedHashMap<String, Int>()

    fun colorOf(name: String): Int = colors[places.getOrPut(name) { places.size } % colors.size]
}

/** The text with its marks in their colours. */
fun marked(text: String, marks: List<Mark>, palette: Palette): CharSequence {
    val found = SpannableString(text)
    for (mark in marks) {
        found.setSpan(
            BackgroundColorSpan(palette.colorOf(mark.name)), mark.start, mark.end, Spanned.SPAN_EXCLUSIVE_EXCLUSIVE
        )
    }
    return found
}
