/** How far a model's outputs are from those that were expected, by the measures of edgelm's own proof. */
export type JsonObject = import("./json.js").JsonObject;
/** What two runs differ by on one output, over any number of texts. */
export declare class Difference {
    decides: boolean;
    maxAbs: number;
    peak: number;
    sumAbs: number;
    count: number;
    signal: number;
    noise: number;
    agreed: number;
    decided: number;
    /** @type {{length: number, cosine: number}[]} of each text */
    texts: {
        length: number;
        cosine: number;
    }[];
    /** @param {string} name of the output */
    constructor(name: string);
    /**
     * Count one text's output.
     *
     * @param {Float32Array} wanted
     * @param {Float32Array} found
     * @param {number} width of the last axis
     */
    add(wanted: Float32Array, found: Float32Array, width: number): void;
    /**
     * Count how often the largest of the last axis is at the same place, or at one that ties with it.
     *
     * @param {Float32Array} wanted
     * @param {Float32Array} found
     * @param {number} width
     */
    decide(wanted: Float32Array, found: Float32Array, width: number): void;
    /** The cosine of the worst text that has a direction; no number where none has. */
    get worstCosine(): number;
    /** Signal to quantization noise in dB. */
    get sqnrDb(): number;
    /**
     * Whether it is within a tolerance, of which null leaves a measure without limit; what is no number never is.
     *
     * @param {JsonObject} tolerance `max_abs`, `mean_abs`, `min_cosine`, `min_sqnr_db`, `min_top1`
     * @returns {boolean}
     */
    isWithin(tolerance: JsonObject): boolean;
}
