/** Answers inside a context, as Hugging Face's QuestionAnsweringPipeline found them. */
export type Encoding = import("./encoding.js").Encoding;
export type Vector = Float64Array;
export type Span = {
    score: number;
    start: number;
    end: number;
};
export type SpanAnswer = {
    score: number;
    start: number;
    end: number;
    answer: string;
};
/**
 * The best spans inside the context of one window.
 *
 * @param {Vector} startLogits
 * @param {Vector} endLogits
 * @param {Encoding} encoding
 * @param {number} longest in tokens
 * @param {number} count
 * @returns {Span[]}
 */
export declare function spanCandidates(startLogits: Vector, endLogits: Vector, encoding: Encoding, longest: number, count: number): Span[];
/**
 * The best answers over all windows. Spans of the same words are one answer, with the sum of their scores.
 *
 * @param {Span[]} candidates
 * @param {string} context
 * @param {number} topK
 * @returns {SpanAnswer[]}
 */
export declare function bestSpans(candidates: Span[], context: string, topK: number): SpanAnswer[];
