package org.edgelm.demo

import android.content.Context
import org.edgelm.core.Answer
import org.edgelm.core.Entity
import org.edgelm.core.MaskedToken

/** Shows the answer of each task in rows. */
class Answers(private val context: Context, private val rows: Rows) {
    /** `text` and `pair` are what was asked; an answer's places are in one of them. */
    fun show(answer: Answer, text: String, pair: String?) {
        rows.clear()
        when (answer) {
            is Answer.Labels -> scores(answer.labels.map { Pair(it.label, it.score) })
            is Answer.Ranking -> scores(answer.documents.map { Pair(it.text, it.score) })
            is Answer.Entities -> entities(answer.entities, text)
            is Answer.Tokens -> for (token in answer.tokens) rows.bar(labelled(token.label, token.word), token.score)
            is Answer.IntentAndSlots -> intentAndSlots(answer, text)
            is Answer.Spans -> spans(answer, pair ?: "")
            is Answer.Masks -> masks(answer.masks)
            is Answer.TokenVectors -> tokenVectors(answer.vectors)
            is Answer.Embedding -> embedding(answer.vector)
            is Answer.Similarity -> rows.bar(context.getString(R.string.similarity), answer.similarity)
        }
    }

    /** Names with their scores. A logit's bar is its place between the least and the most of them. */
    private fun scores(found: List<Pair<String, Double>>) {
        val sorted = found.map { it.second }.sorted()
        val lowest = sorted.firstOrNull() ?: 0.0
        val range = (sorted.lastOrNull() ?: 0.0) - lowest
        val areShares = sorted.all { it in 0.0..1.0 }
        for ((name, score) in found) {
            val share = if (areShares) score else if (range > 0) (score - lowest) / range else 1.0
            rows.bar(name, score, share)
        }
    }

    private fun entities(found: List<Entity>, text: String) {
        if (found.isEmpty()) {
            rows.text(context.getString(R.string.nothing_found))
            return
        }
        val palette = Palette(context)
        rows.text(marked(text, found.map { Mark(it.start, it.end, it.group) }, palette))
        for (entity in found) {
            rows.bar(labelled(entity.group, entity.word), entity.score, color = palette.colorOf(entity.group))
        }
    }

    private fun intentAndSlots(answer: Answer.IntentAndSlots, text: String) {
        rows.text(context.getString(R.string.intent), R.style.Label)
        rows.bar(answer.intent.label, answer.intent.score)
        rows.text(context.getString(R.string.slots), R.style.Label)
        entities(answer.slots, text)
    }

    /** The best span marked in the context, and all of them with their scores. */
    private fun spans(answer: Answer.Spans, pair: String) {
        val best = answer.spans.firstOrNull()
        if (best == null) {
            rows.text(context.getString(R.string.nothing_found))
            return
        }
        rows.text(marked(pair, listOf(Mark(best.start, best.end, best.text)), Palette(context)))
        for (span in answer.spans) rows.bar(span.text, span.score)
    }

    private fun masks(masks: List<List<MaskedToken>>) {
        masks.forEachIndexed { place, tokens ->
            if (masks.size > 1) rows.text(context.getString(R.string.mask_number, place + 1), R.style.Label)
            for (token in tokens) rows.bar(token.sequence, token.score)
        }
    }

    private fun tokenVectors(vectors: List<FloatArray>) {
        rows.text(context.getString(R.string.vectors, vectors.size, vectors.firstOrNull()?.size ?: 0))
    }

    private fun embedding(vector: FloatArray) {
        val begin = vector.take(SHOWN).joinToString("  ") { decimals(it.toDouble(), 3) }
        rows.text(context.getString(R.string.vector, vector.size, begin))
    }

    private fun labelled(label: String, word: String): String = context.getString(R.string.entity_label, label, word)

    private companion object {
        const val SHOWN = 4
    }
}
