// @ts-check
/** How each task is answered: the texts of a question, and the answer from what the model says of them. */

import { damaged, InputError } from "./errors.js";
import { Tagging } from "./entities.js";
import { field, isObject } from "./json.js";
import { activated, order, softmax } from "./scores.js";
import { bestSpans, spanCandidates } from "./spans.js";

/** @typedef {import("./encoding.js").Encoding} Encoding */
/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("./tensors.js").Output} Output */

/**
 * What is asked of a bundle.
 *
 * @typedef {object} Question
 * @property {string} text
 * @property {string | null} [pair] the second text of a pair; the context of a question
 * @property {string[]} [choices] what may follow the text; the documents that are ranked by it
 * @property {number | null} [topK] how many answers; null or absent: the task's own number
 * @property {string} [aggregation] of entities: `none`, `simple` (the default), `first`, `average` or `max`
 * @property {boolean} [truncate] whether a text that is too long may be cut
 * @property {string | null} [prompt] the name of the bundle's prompt that goes before each text
 */

/** @typedef {Required<Question>} Asked */
/** @typedef {[string, string | null]} Text a text and perhaps its pair */
/** @typedef {Record<string, Output>} Outputs of one row, by name */
/** @typedef {{label: string, score: number}} Labelled */

/**
 * @typedef {object} Task
 * @property {(asked: Asked) => Text[]} texts
 * @property {(session: Session, asked: Asked, rows: Encoding[], outputs: Outputs[]) => any} answer
 * @property {string[]} takes what may stand beside a text
 */

/**
 * @param {Outputs} outputs
 * @param {string} name
 * @returns {Output}
 */
function output(outputs, name) {
  if (!Object.hasOwn(outputs, name)) throw damaged(`The model gave no ${name}.`);
  return outputs[name];
}

/**
 * Labels with scores, best first.
 *
 * @param {Float64Array} logits
 * @param {string[]} labels
 * @param {unknown} activation
 * @param {number | null} topK
 * @returns {Labelled[]}
 */
function classified(logits, labels, activation, topK) {
  const scores = activated(logits, activation);
  return order(scores, topK).map((i) => ({ label: labels[i], score: scores[i] }));
}

/** @type {(asked: Asked) => Text[]} */
const textOrPair = ({ text, pair }) => [[text, pair]];

/** @type {(asked: Asked) => Text[]} */
function questionAndContext({ text, pair }) {
  if (pair === null)
    throw new InputError("missingContext", "question-answering needs a context.", "Give one as the pair.");
  return [[text, pair]];
}

/** @type {(asked: Asked) => Text[]} */
function textAndChoices({ text, choices }) {
  if (choices.length < 2) {
    throw new InputError("tooFewChoices", "multiple-choice needs at least two choices.", "Give two choices or more.");
  }
  return choices.map((choice) => [text, choice]);
}

/** @type {(asked: Asked) => Text[]} */
function queryAndDocuments({ text, pair, choices }) {
  if (pair !== null) throw new InputError("surplus", "Documents are ranked by one text.", "Leave the second text out.");
  return choices.map((document) => [text, document]);
}

/** @type {(asked: Asked) => Text[]} */
const eachText = ({ text, pair }) =>
  pair === null
    ? [[text, null]]
    : [
        [text, null],
        [pair, null],
      ];

/**
 * The one logit that the model gives each row.
 *
 * @param {Outputs[]} outputs
 * @returns {Float64Array}
 */
const oneLogit = (outputs) => Float64Array.from(outputs, (found) => output(found, "logits").vector("logits", 1)[0]);

/** @type {Task["answer"]} */
function classify({ bundle }, { topK }, _, outputs) {
  const logits = output(outputs[0], "logits").vector("logits", bundle.labels.length);
  return classified(logits, bundle.labels, bundle.decode.activation, topK);
}

/** @type {Task["answer"]} */
function rank({ bundle }, { choices, topK }, _, outputs) {
  const scores = activated(oneLogit(outputs), bundle.decode.activation);
  return order(scores, topK).map((index) => ({ index, score: scores[index], text: choices[index] }));
}

/** @type {Task["answer"]} */
const choose = (_, { choices, topK }, __, outputs) => classified(oneLogit(outputs), choices, "softmax", topK);

/**
 * @param {Session} session
 * @param {Asked} asked
 * @param {Encoding} encoding
 * @param {Output} found
 * @param {string[]} labels
 * @param {import("./json.js").JsonObject} rules
 */
function tagged(session, { text, aggregation }, encoding, found, labels, rules) {
  const { unk } = session.tokenizer.specialIds;
  return new Tagging(found.rows("tags", labels.length), encoding, text, labels, rules, unk).entities(aggregation);
}

/** @type {Task["answer"]} */
function entities(session, asked, [row], [outputs]) {
  const { labels, decode } = session.bundle;
  return tagged(session, asked, row, output(outputs, "logits"), labels, decode);
}

/** @type {Task["answer"]} */
function intentAndSlots(session, asked, [row], [outputs]) {
  const { labels, decode, manifest } = session.bundle;
  const logits = output(outputs, "intent_logits").vector("intent_logits", labels.length);
  const [intent] = classified(logits, labels, decode.activation, 1);
  const slotLabels = field(manifest, "slot_labels", "array", "The manifest").map(String);
  const rules = field(decode, "slots", "object", "The decode rules");
  // A word has the label of its first token, the only one that is trained.
  const firsts = { ...asked, aggregation: "first" };
  const slots = tagged(session, firsts, row, output(outputs, "slot_logits"), slotLabels, rules);
  return { intent: intent.label, score: intent.score, slots };
}

/** @type {Task["answer"]} */
function answerSpan({ bundle }, asked, rows, outputs) {
  const topK = asked.topK || 1;
  const longest = field(bundle.decode, "max_answer_length", "integer", "The decode rules");
  const candidates = rows.flatMap((row, i) => {
    const starts = output(outputs[i], "start_logits").vector("start_logits", row.length);
    const ends = output(outputs[i], "end_logits").vector("end_logits", row.length);
    // Several may be spans of the same words.
    return spanCandidates(starts, ends, row, longest, 2 * topK + 10);
  });
  return bestSpans(candidates, asked.pair ?? "", topK);
}

/** @type {Task["answer"]} */
function fillMask({ tokenizer }, asked, [row], [outputs]) {
  const { mask, pad } = tokenizer.specialIds;
  const places = Array.from(row.ids.keys()).filter((i) => row.ids[i] === mask);
  if (mask === undefined || places.length === 0) {
    throw new InputError("noMask", `The text has no ${tokenizer.specialTokens.mask ?? "mask"} to fill.`);
  }
  const logits = output(outputs, "logits");
  const isWhole = row.length > 1;
  // Of a text with several masks the other ones must be seen.
  const hidesSpecial = isWhole && places.length === 1;
  const found = places.map((place) => {
    const scores = softmax(logits.rowAt("logits", place));
    return order(scores, asked.topK || 5).map((token) => {
      const ids = row.ids.map((id, i) => (i === place ? token : id));
      const kept = isWhole ? ids.filter((id) => id !== pad) : ids;
      const sequence = tokenizer.decode(kept, hidesSpecial);
      return { score: scores[token], token, token_str: tokenizer.decode([token], false), sequence };
    });
  });
  return found.length === 1 ? found[0] : found;
}

/** @type {Task["answer"]} */
const hiddenStates = (_, __, ___, [outputs]) =>
  output(outputs, "last_hidden_state")
    .rows("last_hidden_state")
    .map((vector) => Array.from(vector));

/** @type {Task["answer"]} */
function similarity(_, __, ___, outputs) {
  const vectors = outputs.map((found) => output(found, "sentence_embedding").vector("sentence_embedding"));
  return vectors.length === 1 ? Array.from(vectors[0]) : { similarity: cosine(vectors[0], vectors[1]) };
}

/**
 * Cosine similarity of two vectors.
 *
 * @param {ArrayLike<number>} left
 * @param {ArrayLike<number>} right as long
 * @returns {number}
 */
export function cosine(left, right) {
  let dot = 0;
  let leftSquares = 0;
  let rightSquares = 0;
  for (let i = 0; i < left.length; i++) {
    dot += left[i] * right[i];
    leftSquares += left[i] * left[i];
    rightSquares += right[i] * right[i];
  }
  return dot / Math.max(Math.sqrt(leftSquares) * Math.sqrt(rightSquares), 1e-12);
}

/** @type {Task} of a bundle that scores pairs and is given documents */
export const RANKING = { texts: queryAndDocuments, answer: rank, takes: ["pair", "choices", "topK"] };

/** @type {Record<string, Task>} by Hugging Face's names */
export const TASKS = {
  "text-classification": { texts: textOrPair, answer: classify, takes: ["pair", "topK"] },
  "token-classification": { texts: textOrPair, answer: entities, takes: [] },
  "intent-and-slots": { texts: textOrPair, answer: intentAndSlots, takes: [] },
  "question-answering": { texts: questionAndContext, answer: answerSpan, takes: ["pair", "topK"] },
  "multiple-choice": { texts: textAndChoices, answer: choose, takes: ["choices", "topK"] },
  "fill-mask": { texts: textOrPair, answer: fillMask, takes: ["pair", "topK"] },
  "feature-extraction": { texts: textOrPair, answer: hiddenStates, takes: ["pair"] },
  "sentence-similarity": { texts: eachText, answer: similarity, takes: ["pair", "prompt"] },
};

/**
 * The question with the bundle's prompt before each of its texts.
 *
 * @param {Asked} asked
 * @param {unknown} prompts the manifest's `prompts`, where it has any
 * @param {(text: string) => boolean} isBlank
 * @returns {Asked}
 */
export function prompted(asked, prompts, isBlank) {
  const found = isObject(prompts) ? prompts : { texts: {}, default: null };
  const texts = field(found, "texts", "object", "The manifest's prompts");
  const name = asked.prompt ?? found.default;
  if (name === null || name === undefined) return asked;
  if (typeof name !== "string" || !Object.hasOwn(texts, name)) {
    const names = Object.keys(texts).join(", ") || "none";
    throw new InputError("unknownPrompt", `The bundle has no prompt ${JSON.stringify(name)}.`, `There are: ${names}.`);
  }
  const prompt = field(texts, name, "string", "The manifest's prompts");
  // A blank text is refused as such.
  const put = (/** @type {string} */ text) => (isBlank(text) ? text : prompt + text);
  return { ...asked, text: put(asked.text), pair: asked.pair === null ? null : put(asked.pair) };
}
