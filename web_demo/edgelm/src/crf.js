// @ts-check
/** A conditional random field over a tagger's logits (Lafferty et al. 2001): the best labels, and how sure they are. */

import { field, list } from "./json.js";
import { argmax } from "./scores.js";
import { damaged } from "./errors.js";

/** @typedef {Float64Array} Vector */

const WHERE = "The decode rules' crf";

/** @type {(values: unknown) => Vector} */
const vector = (values) => Float64Array.from(list(values, "number", WHERE));

/** Scores that are added along a path of labels. */
export class CRF {
  /** @param {import("./json.js").JsonObject} rules */
  constructor(rules) {
    this.start = vector(rules.start);
    this.end = vector(rules.end);
    /** From a row's label to a column's. */
    this.transitions = field(rules, "transitions", "array", WHERE).map(vector);
    const count = this.start.length;
    if (![this.end, this.transitions, ...this.transitions].every(({ length }) => length === count)) {
      throw damaged(`${WHERE} has scores of different numbers of labels.`);
    }
  }

  /**
   * For each token 0 but for its label of the best path, which has its probability.
   *
   * @param {Vector[]} logits [tokens, labels], of the tokens the field was trained on; at least one
   * @returns {Vector[]}
   */
  scores(logits) {
    if (logits[0].length !== this.start.length) throw damaged(`${WHERE} has another number of labels than the model.`);
    const path = this.bestPath(logits);
    const marginals = this.marginals(logits);
    return marginals.map((row, i) => row.map((probability, label) => (label === path[i] ? probability : 0)));
  }

  /**
   * The labels with the largest sum of logits and transitions (Viterbi 1967); of equal ones the first.
   *
   * @param {Vector[]} logits
   * @returns {number[]}
   */
  bestPath(logits) {
    let score = added(this.start, logits[0]);
    const origins = logits.slice(1).map((row) => {
      const columns = Array.from(row, (_, label) => score.map((value, from) => value + this.transitions[from][label]));
      const origin = columns.map(argmax);
      score = row.map((logit, label) => columns[label][origin[label]] + logit);
      return origin;
    });
    const path = [argmax(added(score, this.end))];
    for (const origin of origins.reverse()) path.push(origin[path[path.length - 1]]);
    return path.reverse();
  }

  /**
   * The probability of each label at each token over all paths (forward-backward).
   *
   * @param {Vector[]} logits
   * @returns {Vector[]}
   */
  marginals(logits) {
    const forward = [added(this.start, logits[0])];
    for (const row of logits.slice(1)) {
      const last = forward[forward.length - 1];
      forward.push(
        row.map((logit, to) => logSumExp(last.map((sum, from) => sum + this.transitions[from][to])) + logit),
      );
    }
    const backward = [this.end];
    for (const row of logits.slice(1).reverse()) {
      const ahead = added(row, backward[backward.length - 1]);
      backward.push(Float64Array.from(this.transitions, (scores) => logSumExp(added(scores, ahead))));
    }
    backward.reverse();
    const total = logSumExp(added(forward[forward.length - 1], this.end));
    return forward.map((row, i) => row.map((sum, label) => Math.exp(sum + backward[i][label] - total)));
  }
}

/** @type {(one: Vector, other: Vector) => Vector} */
const added = (one, other) => one.map((value, i) => value + other[i]);

/** @type {(values: Vector) => number} */
const logSumExp = (values) => {
  const largest = values[argmax(values)];
  if (!Number.isFinite(largest)) return largest;
  return largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
};
