/** A conditional random field over a tagger's logits (Lafferty et al. 2001): the best labels, and how sure they are. */
export type Vector = Float64Array;
/** Scores that are added along a path of labels. */
export declare class CRF {
    start: Vector;
    end: Vector;
    /** From a row's label to a column's. */
    transitions: Vector[];
    /** @param {import("./json.js").JsonObject} rules */
    constructor(rules: import("./json.js").JsonObject);
    /**
     * For each token 0 but for its label of the best path, which has its probability.
     *
     * @param {Vector[]} logits [tokens, labels], of the tokens the field was trained on; at least one
     * @returns {Vector[]}
     */
    scores(logits: Vector[]): Vector[];
    /**
     * The labels with the largest sum of logits and transitions (Viterbi 1967); of equal ones the first.
     *
     * @param {Vector[]} logits
     * @returns {number[]}
     */
    bestPath(logits: Vector[]): number[];
    /**
     * The probability of each label at each token over all paths (forward-backward).
     *
     * @param {Vector[]} logits
     * @returns {Vector[]}
     */
    marginals(logits: Vector[]): Vector[];
}
