// A text with spans of it marked, each with its label in words as well as in colour.
import { el } from "./dom.js";

const COLOURS = 8;
/** Characters shown before the first and after the last mark of a long text. */
const AROUND = 600;

/** The colour of a label: labels of one bundle have different ones until there are more than the palette holds. */
export const colourOf = (label, labels) => `tag-${Math.max(0, labels.indexOf(label)) % COLOURS}`;

/** The tags behind labels such as `B-LOC`, in their order, without `O`. */
export function tagsOf(labels) {
  const tags = labels.map((label) => label.replace(/^[BI]-/, "")).filter((tag) => tag !== "O");
  return [...new Set(tags)];
}

/**
 * The text as a paragraph with `spans` marked; of a long text only what is around them.
 * @param {string} text
 * @param {{start: number, end: number, label: string, colour: string}[]} spans in UTF-16 places; overlapping ones are
 *   marked by the first alone
 */
export function markedText(text, spans) {
  const ordered = [...spans].sort((a, b) => a.start - b.start);
  const from = Math.max(0, (ordered[0]?.start ?? 0) - AROUND);
  const to = Math.min(text.length, (ordered.at(-1)?.end ?? 0) + 2 * AROUND);
  const paragraph = el("p", { className: "marked", lang: "" }, from > 0 ? "… " : "");
  let place = from;
  for (const span of ordered) {
    if (span.start < place) continue;
    paragraph.append(text.slice(place, span.start), mark(text, span));
    place = span.end;
  }
  paragraph.append(text.slice(place, to), to < text.length ? " …" : "");
  return paragraph;
}

function mark(text, { start, end, label, colour }) {
  const name = el("span", { className: "mark-label" }, `\u00a0${label}`);
  return el("mark", { className: colour }, text.slice(start, end), name);
}

/** Which colour stands for which label, and how often each was found. */
export function legend(spans) {
  const counts = new Map();
  for (const { label, colour } of spans) counts.set(label, { colour, found: (counts.get(label)?.found ?? 0) + 1 });
  const items = [...counts].map(([label, { colour, found }]) =>
    el("li", {}, el("span", { className: `swatch ${colour}`, "aria-hidden": "true" }), `${label} × ${found}`),
  );
  return el("ul", { className: "legend", "aria-label": "Labels" }, ...items);
}
