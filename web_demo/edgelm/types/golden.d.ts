/** The golden files of a bundle: inputs and outputs as raw little-endian bytes. */
export type JsonObject = import("./json.js").JsonObject;
export type Tensor = import("./tensors.js").Tensor;
export type Tensors = import("./tensors.js").Tensors;
export type Case = {
    texts: string[];
    inputs: Tensors;
    outputs: Tensors;
};
/**
 * The golden cases of a bundle and the tolerance they are held to; none where it has no golden files.
 *
 * @param {import("./bundle.js").Bundle} bundle
 * @returns {{cases: Case[], tolerance: JsonObject}}
 */
export declare function readGolden(bundle: import("./bundle.js").Bundle): {
    cases: Case[];
    tolerance: JsonObject;
};
