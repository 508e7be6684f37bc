// @ts-check
/** Runs an ONNX bundle with ONNX Runtime: `import * as ort from "onnxruntime-web"` is the app's, and so is its version. */

import { refusedWhile, unsupported } from "./errors.js";

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
export async function onnxRunner(ort, bundle, options) {
  const file = bundle.modelFiles[0];
  if (!file?.endsWith(".onnx")) throw unsupported(`a model other than ONNX with ONNX Runtime (${file})`);
  const session = await ort.InferenceSession.create(bundle.read(file), options).catch(refusedWhile(`loading ${file}`));
  return {
    async run(inputs) {
      const feeds = Object.entries(inputs).map(([name, { dtype, data, shape }]) => [
        name,
        new ort.Tensor(dtype, data, shape),
      ]);
      const found = await session.run(Object.fromEntries(feeds)).catch(refusedWhile(`running ${file}`));
      return Object.fromEntries(
        Object.entries(found).map(([name, { dims, data }]) => [
          name,
          { dtype: "float32", shape: Array.from(dims), data: Float32Array.from(data) },
        ]),
      );
    },
    close: () => session.release(),
  };
}
