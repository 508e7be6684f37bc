/** Logits to scores, and scores in their order, as NumPy sorts them. */
export type Vector = Float64Array;
/** @typedef {Float64Array} Vector */
/**
 * @param {Vector} logits
 * @returns {Vector} probabilities, in float64
 */
export declare function softmax(logits: Vector): Vector;
/**
 * The scores by the activation that the decode rules name.
 *
 * @param {Vector} logits
 * @param {unknown} activation
 * @returns {Vector}
 */
export declare function activated(logits: Vector, activation: unknown): Vector;
/**
 * The place of the largest, of equal ones the first; of the first that is no number, where one is none.
 *
 * @param {Vector} values not empty
 * @returns {number}
 */
export declare function argmax(values: Vector): number;
/**
 * The best of many, best first and of equal ones the earlier first.
 *
 * @template T
 */
export declare class Best<T> {
    limit: number;
    /** @type {{score: number, item: T}[]} */
    found: {
        score: number;
        item: T;
    }[];
    /** @param {number} limit how many are kept */
    constructor(limit: number);
    /**
     * @param {number} score
     * @param {T} item
     */
    add(score: number, item: T): void;
}
/**
 * The places of the best scores, best first; `topK` cuts the list as a Python slice does, and null takes all.
 *
 * @param {Vector} scores
 * @param {number | null} topK
 * @returns {number[]}
 */
export declare function order(scores: Vector, topK: number | null): number[];
