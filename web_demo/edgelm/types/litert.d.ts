/** Runs a TFLite bundle with LiteRT.js: `import * as litert from "@litertjs/core"` is the app's, and so is its version. */
export type Bundle = import("./bundle.js").Bundle;
export type Runner = import("./tensors.js").Runner;
export type Tensor = import("./tensors.js").Tensor;
export type LiteRt = {
    Tensor: new (data: any, shape: number[]) => LiteRtTensor;
    loadAndCompile: (model: Uint8Array, options: any) => Promise<LiteRtModel>;
    getGlobalLiteRt: () => {
        liteRtWasm: any;
    };
};
export type LiteRtTensor = {
    data: () => Promise<ArrayLike<any>>;
    type: {
        layout: {
            dimensions: ArrayLike<number>;
        };
    };
    delete: () => void;
};
export type LiteRtModel = {
    /**
     * a signature's name and its inputs by name, to outputs by name
     */
    run: (...given: any[]) => Promise<any>;
    delete: () => void;
};
/** @typedef {import("./bundle.js").Bundle} Bundle */
/** @typedef {import("./tensors.js").Runner} Runner */
/** @typedef {import("./tensors.js").Tensor} Tensor */
/**
 * What is used of LiteRT.js; `loadLiteRt` must have been called before.
 *
 * @typedef {object} LiteRt
 * @property {new (data: any, shape: number[]) => LiteRtTensor} Tensor
 * @property {(model: Uint8Array, options: any) => Promise<LiteRtModel>} loadAndCompile
 * @property {() => {liteRtWasm: any}} getGlobalLiteRt
 */
/**
 * @typedef {object} LiteRtTensor
 * @property {() => Promise<ArrayLike<any>>} data
 * @property {{layout: {dimensions: ArrayLike<number>}}} type
 * @property {() => void} delete
 */
/**
 * @typedef {object} LiteRtModel
 * @property {(...given: any[]) => Promise<any>} run a signature's name and its inputs by name, to outputs by name
 * @property {() => void} delete
 */
/**
 * A runner of the bundle's model on the CPU; of several fixed lengths each has a signature of its own, and a model of
 * any length has one.
 *
 * @param {LiteRt} litert
 * @param {Bundle} bundle
 * @param {object} [options] for `loadAndCompile`
 * @returns {Promise<Runner & {close(): void}>}
 */
export declare function liteRtRunner(litert: LiteRt, bundle: Bundle, options?: object): Promise<Runner & {
    close(): void;
}>;
