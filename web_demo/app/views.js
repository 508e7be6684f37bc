// Answers as people read them. Each view gives the nodes of an answer and one sentence for the screen reader.
import { el, table } from "./dom.js";
import { count, score } from "./format.js";
import { colourOf, legend, markedText, tagsOf } from "./marks.js";

const SHOWN = 10;
const VECTOR_NUMBERS = 6;
const VECTOR_ROWS = 32;

/**
 * @typedef {{nodes: Node[], summary: string}} View
 * @typedef {{answer: any, question: any, bundle: any}} Answered the answer with UTF-16 places
 */

/** @type {Record<string, (answered: Answered) => View>} */
export const VIEWS = { labels, entities, intent, span, fills, vectors, ranking };

/** One bar: its name, a length between 0 and 1, and the figure. The figure says all; the bar is for the eye. */
function bar(name, share, figure, isBest) {
  const fill = el("span", { className: "fill" });
  fill.style.width = `${(100 * Math.min(1, Math.max(0, share))).toFixed(1)}%`;
  return el(
    "li",
    { className: isBest ? "best" : "" },
    el("span", { className: "bar-name", lang: "" }, name),
    el("span", { className: "bar-score" }, figure),
    el("span", { className: "bar", "aria-hidden": "true" }, fill),
  );
}

/** How much of a bar a value fills: probabilities and cosines as they are, logits by where they lie among the others. */
function share(value, values) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least >= -1 && most <= 1 ? value : (value - least) / (most - least);
}

/** Bars of `[name, value]`, the best first; a long list is opened on request. */
function bars(entries, label, areProbabilities = entries.every(([, value]) => value >= 0 && value <= 1)) {
  const values = entries.map(([, value]) => value);
  const item = ([name, value], place) => bar(name, share(value, values), score(value, areProbabilities), place === 0);
  const list = el("ol", { className: "bars", "aria-label": label }, ...entries.slice(0, SHOWN).map(item));
  if (entries.length <= SHOWN) return [list];
  const all = el("button", { type: "button", className: "small" }, `Show all ${entries.length}`);
  all.onclick = () => {
    list.append(...entries.slice(SHOWN).map((entry, place) => item(entry, SHOWN + place)));
    all.remove();
    list.tabIndex = -1;
    list.focus();
  };
  return [list, all];
}

function labels({ answer }) {
  const entries = answer.map((found) => [found.label, found.score]);
  const [[best, value]] = entries;
  const isProbability = value >= 0 && value <= 1;
  return { nodes: bars(entries, "Labels with scores"), summary: `${best}, ${score(value, isProbability)}` };
}

function entitySpans(found, tags) {
  return found.map((entity) => {
    const label = entity.entity_group ?? entity.entity;
    const { start, end } = entity;
    return { start, end, label, score: entity.score, colour: colourOf(label.replace(/^[BI]-/, ""), tags) };
  });
}

/** The marked text, its legend, and a table of what was found. */
function foundIn(text, spans) {
  if (!spans.length) return [el("p", { className: "quiet" }, "No entity was found."), markedText(text, [])];
  const rows = spans.map(({ start, end, label, score: value }) => [text.slice(start, end), label, score(value, true)]);
  const details = table("Entities found", ["Text", "Label", "Score"], rows);
  return [markedText(text, spans), legend(spans), details];
}

const spoken = (text, spans) =>
  spans.length ? spans.map(({ start, end, label }) => `${text.slice(start, end)}: ${label}`).join("; ") : "No entity was found";

function entities({ answer, question, bundle }) {
  const spans = entitySpans(answer, tagsOf(bundle.labels));
  return { nodes: foundIn(question.text, spans), summary: spoken(question.text, spans) };
}

function intent({ answer, question, bundle }) {
  const spans = entitySpans(answer.slots, tagsOf(bundle.slotLabels));
  const nodes = [...bars([[answer.intent, answer.score]], "Intent"), ...foundIn(question.text, spans)];
  return { nodes, summary: `${answer.intent}, ${score(answer.score, true)}. ${spoken(question.text, spans)}` };
}

function span({ answer, question }) {
  if (!answer.length) return { nodes: [el("p", { className: "quiet" }, "No answer was found.")], summary: "No answer was found" };
  const [best] = answer;
  const marked = markedText(question.pair, [{ ...best, label: "answer", colour: "tag-0" }]);
  const entries = answer.map((found) => [found.answer, found.score]);
  const nodes = [el("p", { className: "headline", lang: "" }, best.answer), marked, ...bars(entries, "Answers with scores")];
  return { nodes, summary: `${best.answer}, ${score(best.score, true)}` };
}

function fills({ answer }) {
  const masks = Array.isArray(answer[0]) ? answer : [answer];
  const nodes = masks.flatMap((found, place) => {
    const entries = found.map((token) => [token.token_str, token.score]);
    const heading = masks.length > 1 ? [el("h3", {}, `Mask ${place + 1}`)] : [];
    const filled = el("p", { className: "headline", lang: "" }, found[0].sequence);
    return [...heading, filled, ...bars(entries, `Tokens for mask ${place + 1}`)];
  });
  return { nodes, summary: masks.map(([best]) => `${best.token_str}, ${score(best.score, true)}`).join("; ") };
}

function vectors({ answer }) {
  const width = answer[0].length;
  const shown = answer.slice(0, VECTOR_ROWS);
  const rows = shown.map((vector, token) => [
    String(token),
    ...vector.slice(0, VECTOR_NUMBERS).map((value) => value.toFixed(4)),
  ]);
  const headers = ["Token", ...Array.from({ length: Math.min(width, VECTOR_NUMBERS) }, (_, place) => String(place))];
  const whole = `${count(answer.length, "token")}, ${count(width, "number")} each`;
  return { nodes: [table(`${whole}; the first of them`, headers, rows)], summary: whole };
}

function ranking({ answer }) {
  const entries = answer.map((found) => [found.text, found.score]);
  const [[best, value]] = entries;
  return { nodes: bars(entries, "The list, the best first", false), summary: `${best} ${score(value, false)}` };
}
