/** Runs an ONNX bundle with ONNX Runtime: `import * as ort from "onnxruntime-web"` is the app's, and so is its version. */
export type Bundle = import("./bundle.js").Bundle;
export type Runner = import("./tensors.js").Runner;
export type OnnxRuntime = {
    Tensor: new (type: any, data: any, dims: number[]) => OnnxTensor;
    InferenceSession: {
        create(model: Uint8Array, options?: any): Promise<OnnxSession>;
    };
};
export type OnnxTensor = {
    dims: readonly number[];
    data: any;
};
export type OnnxSession = {
    run: (feeds: Record<string, any>) => Promise<Record<string, any>>;
    release: () => Promise<void>;
};
/** @typedef {import("./bundle.js").Bundle} Bundle */
/** @typedef {import("./tensors.js").Runner} Runner */
/**
 * What is used of ONNX Runtime, for the web or for Node.
 *
 * @typedef {object} OnnxRuntime
 * @property {new (type: any, data: any, dims: number[]) => OnnxTensor} Tensor
 * @property {{create(model: Uint8Array, options?: any): Promise<OnnxSession>}} InferenceSession
 */
/** @typedef {{dims: readonly number[], data: any}} OnnxTensor */
/**
 * @typedef {object} OnnxSession
 * @property {(feeds: Record<string, any>) => Promise<Record<string, any>>} run
 * @property {() => Promise<void>} release
 */
/**
 * A runner of the bundle's model.
 *
 * @param {OnnxRuntime} ort
 * @param {Bundle} bundle
 * @param {object} [options] for `InferenceSession.create`, such as `executionProviders`
 * @returns {Promise<Runner & {close(): Promise<void>}>}
 */
export declare function onnxRunner(ort: OnnxRuntime, bundle: Bundle, options?: object): Promise<Runner & {
    close(): Promise<void>;
}>;
