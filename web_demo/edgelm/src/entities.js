// @ts-check
/** Labels of tokens to entities, as Hugging Face's TokenClassificationPipeline puts them together. */

import { CRF } from "./crf.js";
import { damaged, InputError } from "./errors.js";
import { isObject } from "./json.js";
import { argmax, softmax } from "./scores.js";

/** @typedef {import("./encoding.js").Encoding} Encoding */
/** @typedef {import("./json.js").JsonObject} JsonObject */
/** @typedef {Float64Array} Vector */

/**
 * @typedef {object} Entity
 * @property {string} entity_group
 * @property {number} score
 * @property {string} word the text from `start` to `end`
 * @property {number} start in UTF-16 code units, as JavaScript's strings count
 * @property {number} end
 */

/**
 * A token with its own label, as the aggregation `none` gives it.
 *
 * @typedef {object} LabelledToken
 * @property {string} entity
 * @property {number} score
 * @property {number} index its place among the tokens
 * @property {string} word
 * @property {number} start
 * @property {number} end
 */

/** @typedef {{index: number, scores: Vector, start: number, end: number, word: string, continues: boolean}} Token */

/** What is read of a tagger's output. */
export class Tagging {
  /**
   * @param {Vector[]} logits [tokens, labels]
   * @param {Encoding} encoding
   * @param {string} text
   * @param {string[]} labels
   * @param {JsonObject} rules `words` and `tags`, and `crf` where there is a field
   * @param {number | undefined} unknown the id of the unknown token, for which the text's own words stand
   */
  constructor(logits, encoding, text, labels, rules, unknown) {
    if (logits.length !== encoding.length || logits[0].length !== labels.length) {
      throw damaged("The model's output has another shape than its tokens and labels.");
    }
    const { words, tags = "BIO" } = rules;
    if (words !== "pieces" && words !== "spaces")
      throw damaged(`The decode rules have no words ${JSON.stringify(words)}.`);
    if (typeof tags !== "string" || !Object.hasOwn(TAGS, tags))
      throw damaged(`The decode rules have no tags ${JSON.stringify(tags)}.`);
    this.logits = logits;
    this.encoding = encoding;
    this.text = text;
    this.labels = labels;
    this.words = words;
    this.tags = tags;
    this.crf = isObject(rules.crf) ? rules.crf : null;
    this.unknown = unknown;
  }

  /**
   * Entities, or tokens of the aggregation `none`, without the outside label `O`.
   *
   * @param {string} aggregation `none`, `simple`, `first`, `average` or `max`
   * @returns {Entity[] | LabelledToken[]}
   */
  entities(aggregation) {
    if (!Object.hasOwn(CHOICES, aggregation)) {
      const names = Object.keys(CHOICES).join(", ");
      throw new InputError(
        "aggregation",
        `There is no aggregation ${JSON.stringify(aggregation)}.`,
        `There are: ${names}.`,
      );
    }
    const tokens = this.tokens();
    const isByToken = aggregation === "none" || aggregation === "simple";
    const units = isByToken ? tokens.map((token) => [token]) : wordsOf(tokens);
    const found = units.map((unit) => this.labelled(unit, CHOICES[aggregation]));
    if (aggregation === "none") return found.filter(({ entity }) => entity !== "O");
    return grouped(found, this.tags)
      .map((group) => entityOf(group, this.text))
      .filter((entity) => entity.entity_group !== "O");
  }

  /** @returns {Token[]} those of the text */
  tokens() {
    const { ids, offsets, tokens, specialTokensMask } = this.encoding;
    const places = Array.from(ids.keys()).filter((i) => specialTokensMask[i] === 0);
    const scores = this.crf === null ? this.logits.map(softmax) : this.pathScores(this.crf, places);
    return places.map((index) => {
      const [start, end] = offsets[index];
      const word = ids[index] === this.unknown ? this.text.slice(start, end) : tokens[index];
      return { index, scores: scores[index], start, end, word, continues: this.continuesWord(index) };
    });
  }

  /**
   * Whether a token belongs to the word of the token before it.
   *
   * @param {number} index
   * @returns {boolean}
   */
  continuesWord(index) {
    const { ids, wordIds, offsets } = this.encoding;
    if (ids[index] === this.unknown) return false;
    if (this.words === "pieces") {
      return index > 0 && wordIds[index] !== null && wordIds[index] === wordIds[index - 1];
    }
    const [start] = offsets[index];
    return start > 0 && this.text[start - 1] !== " " && this.text[start] !== " ";
  }

  /**
   * What a field gives the tokens it reads; the others of a word have what its first token has.
   *
   * @param {JsonObject} rules
   * @param {number[]} places of the text's tokens
   * @returns {Vector[]}
   */
  pathScores(rules, places) {
    /** @type {Record<string, () => number[]>} */
    const readers = {
      all: () => Array.from(this.logits.keys()),
      text: () => places,
      words: () => places.filter((place) => place === places[0] || !this.continuesWord(place)),
    };
    const name = String(rules.tokens);
    if (!Object.hasOwn(readers, name)) throw damaged(`The decode rules' crf reads no tokens ${JSON.stringify(name)}.`);
    const read = readers[name]();
    /** @type {Vector[]} */
    const scores = this.logits.map((row) => new Float64Array(row.length));
    if (read.length > 0) {
      const found = new CRF(rules).scores(read.map((place) => this.logits[place]));
      read.forEach((place, i) => (scores[place] = found[i]));
    }
    const known = new Set(read);
    for (const place of places) if (!known.has(place)) scores[place] = scores[place - 1];
    return scores;
  }

  /**
   * The tokens of one word, or one token, with the label of the best score.
   *
   * @param {Token[]} tokens
   * @param {(scores: Vector[]) => Vector} choose
   * @returns {LabelledToken}
   */
  labelled(tokens, choose) {
    const scores = choose(tokens.map((token) => token.scores));
    const best = argmax(scores);
    const { index, word, start } = tokens[0];
    return { entity: this.labels[best], score: scores[best], index, word, start, end: tokens[tokens.length - 1].end };
  }
}

/** @type {Record<string, (scores: Vector[]) => Vector>} the scores of a word, from those of its tokens */
const CHOICES = {
  none: (scores) => scores[0],
  simple: (scores) => scores[0],
  first: (scores) => scores[0],
  average: (scores) => scores[0].map((_, label) => scores.reduce((sum, row) => sum + row[label], 0) / scores.length),
  max: (scores) => scores[argmax(Float64Array.from(scores, (row) => row[argmax(row)]))],
};

/**
 * @param {Token[]} tokens
 * @returns {Token[][]}
 */
function wordsOf(tokens) {
  /** @type {Token[][]} */
  const words = [];
  for (const token of tokens) {
    if (words.length > 0 && token.continues) words[words.length - 1].push(token);
    else words.push([token]);
  }
  return words;
}

/**
 * The prefixes of a way to write tags: all there are, those that begin an entity, and those that end it.
 *
 * @type {Record<string, {prefixes: string[], begins: string[], ends: string[]}>}
 */
const TAGS = {
  BIO: { prefixes: ["B", "I"], begins: ["B"], ends: [] },
  BMES: { prefixes: ["B", "I", "M", "E", "L", "S", "U"], begins: ["B", "S", "U"], ends: ["E", "L", "S", "U"] },
};

/**
 * @param {string} label
 * @param {string[]} prefixes
 * @returns {{prefix: string, kind: string}} a label without one of the prefixes goes on as with `I-`
 */
function tagOf(label, prefixes) {
  const dash = label.indexOf("-");
  const prefix = dash < 0 ? "" : label.slice(0, dash);
  return prefixes.includes(prefix) ? { prefix, kind: label.slice(dash + 1) } : { prefix: "I", kind: label };
}

/**
 * Neighbours of one type. A prefix that begins starts a new group, and so does anything after one that ends.
 *
 * @param {LabelledToken[]} found
 * @param {string} tags
 * @returns {LabelledToken[][]}
 */
function grouped(found, tags) {
  const { prefixes, begins, ends } = TAGS[tags];
  /** @type {LabelledToken[][]} */
  const groups = [];
  let last = { prefix: "", kind: "" };
  for (const answer of found) {
    const tag = tagOf(answer.entity, prefixes);
    const goesOn = tag.kind === last.kind && !begins.includes(tag.prefix) && !ends.includes(last.prefix);
    if (groups.length > 0 && goesOn) groups[groups.length - 1].push(answer);
    else groups.push([answer]);
    last = tag;
  }
  return groups;
}

/**
 * @param {LabelledToken[]} group
 * @param {string} text
 * @returns {Entity}
 */
function entityOf(group, text) {
  const [{ entity, start }] = group;
  const { end } = group[group.length - 1];
  const dash = entity.indexOf("-");
  const score = group.reduce((sum, answer) => sum + answer.score, 0) / group.length;
  return { entity_group: dash < 0 ? entity : entity.slice(dash + 1), score, word: text.slice(start, end), start, end };
}
