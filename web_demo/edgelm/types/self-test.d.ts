/** Replays a bundle's golden inputs on the device's runtime, and says what came of it. */
export type Bundle = import("./bundle.js").Bundle;
export type Case = import("./golden.js").Case;
export type Tensors = import("./tensors.js").Tensors;
export type Verdict = "pass" | "fail" | "unmeasured";
export type SignatureReport = {
    name: string;
    cases: number;
    /**
     * null where an output has another shape, or is no number
     */
    maxAbsError: number | null;
    verdict: Verdict;
    /**
     * the median of all timed runs; null where none was
     */
    p50Ms: number | null;
};
export type SelfTest = {
    verdict: Verdict;
    /**
     * golden texts whose ids here are not those of their golden inputs
     */
    tokenizerMismatches: number;
    signatures: SignatureReport[];
};
/**
 * @param {Bundle} bundle
 * @param {import("./tokenizer.js").Tokenizer} tokenizer
 * @param {import("./tensors.js").Runner} runner
 * @param {number} repeat timed runs of each case
 * @returns {Promise<SelfTest>}
 */
export declare function selfTest(bundle: Bundle, tokenizer: import("./tokenizer.js").Tokenizer, runner: import("./tensors.js").Runner, repeat: number): Promise<SelfTest>;
