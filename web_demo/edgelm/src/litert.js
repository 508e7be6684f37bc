// @ts-check
/** Runs a TFLite bundle with LiteRT.js: `import * as litert from "@litertjs/core"` is the app's, and so is its version. */

import { refusedWhile, unsupported, UnsupportedError } from "./errors.js";

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
export async function liteRtRunner(litert, bundle, options = { accelerator: "wasm" }) {
  const names = new Map(Object.entries(bundle.signatures).map(([name, length]) => [length, name]));
  const file = bundle.modelFiles[0];
  if (names.size === 0 || !file?.endsWith(".tflite"))
    throw unsupported(`a model other than TFLite with LiteRT (${file})`);
  if (names.has(null)) {
    refuseOpenOutputs(bundle);
    takeAnyLength(litert.getGlobalLiteRt().liteRtWasm);
  }
  const model = await litert.loadAndCompile(bundle.read(file), options).catch(refusedWhile(`loading ${file}`));
  return {
    async run(inputs) {
      const length = Object.values(inputs)[0].shape[1];
      const signature = names.get(length) ?? names.get(null);
      if (signature === undefined) throw unsupported(`a text of ${length} tokens with this model`);
      /** @type {Record<string, LiteRtTensor>} */
      const given = {};
      for (const [name, { data, shape }] of Object.entries(inputs)) given[name] = new litert.Tensor(data, shape);
      const running = model.run(signature, given).finally(() => {
        for (const tensor of Object.values(given)) tensor.delete();
      });
      /** @type {Record<string, LiteRtTensor>} */
      const found = await running.catch(refusedWhile(`running ${file}`));
      /** @type {Record<string, Tensor>} */
      const outputs = {};
      for (const [name, tensor] of Object.entries(found)) outputs[name] = await taken(tensor);
      return outputs;
    },
    close: () => model.delete(),
  };
}

/**
 * The runtime makes room for the outputs before it resizes a model. Where they are as long as the text, a longer text
 * than the one before would be written past their end.
 *
 * @param {Bundle} bundle
 */
function refuseOpenOutputs({ outputs }) {
  const open = outputs.find(({ shape }) => shape.slice(1).some((size) => typeof size === "string"));
  if (open === undefined) return;
  throw new UnsupportedError(
    "unsupported",
    `LiteRT.js cannot run a model of any length whose ${open.name} has a value for each token.`,
    "Export it with fixed --lengths, or with --target onnx.",
  );
}

/** @type {WeakSet<object>} */
const changed = new WeakSet();

/**
 * Let inputs of any length through. The runtime of @litertjs/core 2.5.3 resizes a model to its inputs, but a check before
 * it holds their sizes against the model's, where an open one is -1.
 *
 * @param {any} wasm
 */
function takeAnyLength(wasm) {
  if (changed.has(wasm) || typeof wasm.checkTensorBufferCompatible !== "function") return;
  const check = wasm.checkTensorBufferCompatible.bind(wasm);
  wasm.checkTensorBufferCompatible = (
    /** @type {any} */ buffer,
    /** @type {any} */ type,
    /** @type {any} */ requirements,
  ) => {
    if (!isOpen(type)) check(buffer, type, requirements);
  };
  changed.add(wasm);
}

/**
 * Whether a tensor type of the runtime leaves a size open.
 *
 * @param {any} type
 * @returns {boolean}
 */
function isOpen(type) {
  const layout = type.layout();
  const dimensions = layout.dimensions();
  const sizes = Array.from({ length: dimensions.size() }, (_, i) => dimensions.get(i));
  dimensions.delete();
  layout.delete();
  return sizes.some((size) => size < 0);
}

/**
 * A tensor's values out of the runtime's memory, which is given back.
 *
 * @param {LiteRtTensor} tensor
 * @returns {Promise<Tensor>}
 */
async function taken(tensor) {
  const data = Float32Array.from(await tensor.data());
  const shape = Array.from(tensor.type.layout.dimensions);
  tensor.delete();
  return { dtype: "float32", shape, data };
}
