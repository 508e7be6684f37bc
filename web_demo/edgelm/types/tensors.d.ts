/** What goes into a model and what comes out of it. */
export type Tensor = {
    /**
     * `int32`, `int64` or `float32`
     */
    dtype: string;
    shape: number[];
    /**
     * row by row
     */
    data: Int32Array | BigInt64Array | Float32Array;
};
export type Tensors = Record<string, Tensor>;
export type Runner = {
    run: (inputs: Tensors) => Tensors | Promise<Tensors>;
};
/**
 * Whole numbers in the type that a model takes.
 *
 * @param {ArrayLike<number>} numbers
 * @param {string} dtype
 * @returns {Tensor} of the shape [1, numbers]
 */
export declare function row(numbers: ArrayLike<number>, dtype: string): Tensor;
/**
 * @param {number[]} shape
 * @returns {number}
 */
export declare const elements: (shape: number[]) => number;
/** An output of the model for one text, without the batch axis. */
export declare class Output {
    shape: number[];
    data: Float32Array<ArrayBufferLike>;
    /**
     * @param {number[]} shape
     * @param {Float32Array} data
     */
    constructor(shape: number[], data: Float32Array);
    /**
     * The first row of a tensor; of one with a value for each token no more than `length` of them.
     *
     * @param {Tensor} tensor
     * @param {string} name
     * @param {number | null} length
     * @returns {Output}
     */
    static of(tensor: Tensor, name: string, length: number | null): Output;
    /**
     * Its values as float64, if it has one axis of `size` values, or of any number.
     *
     * @param {string} name
     * @param {number} [size]
     * @returns {Float64Array}
     */
    vector(name: string, size?: number): Float64Array;
    /**
     * Its rows as float64, if it has two axes, the second of `size` values or of any number.
     *
     * @param {string} name
     * @param {number} [size]
     * @returns {Float64Array[]}
     */
    rows(name: string, size?: number): Float64Array[];
    /**
     * One of its rows as float64.
     *
     * @param {string} name
     * @param {number} place
     * @param {number} [size]
     * @returns {Float64Array}
     */
    rowAt(name: string, place: number, size?: number): Float64Array;
}
/**
 * A runner for any length over one that takes fixed ones: it pads with mask 0, and cuts the outputs again.
 */
export declare class PaddedRunner {
    runner: Runner;
    lengths: number[];
    byToken: Set<string>;
    /**
     * @param {Runner} runner
     * @param {{lengths: number[], outputs: import("./bundle.js").TensorSpec[]}} model lengths ascending; none: any
     */
    constructor(runner: Runner, { lengths, outputs }: {
        lengths: number[];
        outputs: import("./bundle.js").TensorSpec[];
    });
    /**
     * @param {Tensors} inputs
     * @returns {Promise<Tensors>}
     */
    run(inputs: Tensors): Promise<Tensors>;
}
