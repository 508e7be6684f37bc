// @ts-check
/** The golden files of a bundle: inputs and outputs as raw little-endian bytes. */

import { damaged } from "./errors.js";
import { field, isObject, list, optional, parseObject } from "./json.js";
import { elements } from "./tensors.js";

/** @typedef {import("./json.js").JsonObject} JsonObject */
/** @typedef {import("./tensors.js").Tensor} Tensor */
/** @typedef {import("./tensors.js").Tensors} Tensors */
/** @typedef {{texts: string[], inputs: Tensors, outputs: Tensors}} Case a text or a pair, with its tensors */

const FOLDER = "golden/";
const FILE = `${FOLDER}golden.json`;

/** @type {Record<string, (view: DataView, count: number) => Tensor["data"]>} */
const READERS = {
  int32: (view, count) => Int32Array.from({ length: count }, (_, i) => view.getInt32(4 * i, true)),
  float32: (view, count) => Float32Array.from({ length: count }, (_, i) => view.getFloat32(4 * i, true)),
  int64: (view, count) => BigInt64Array.from({ length: count }, (_, i) => view.getBigInt64(8 * i, true)),
};
const SIZES = { int32: 4, float32: 4, int64: 8 };

/**
 * @param {import("./bundle.js").Bundle} bundle
 * @param {unknown} entries
 * @returns {Tensors}
 */
function tensorsOf(bundle, entries) {
  if (!isObject(entries)) throw damaged(`${FILE} has a case without tensors.`);
  return Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name, tensorOf(bundle, entry)]));
}

/**
 * The inputs of a case, which are the model's: one text, all of them as long.
 *
 * @param {import("./bundle.js").Bundle} bundle
 * @param {unknown} entries
 * @returns {Tensors}
 */
function inputsOf(bundle, entries) {
  const inputs = tensorsOf(bundle, entries);
  const length = inputs.input_ids?.shape[1];
  const fits = bundle.inputs.every(({ name, dtype }) => {
    const { dtype: own, shape = [] } = inputs[name] ?? {};
    return own === dtype && shape.length === 2 && shape[0] === 1 && shape[1] === length && shape[1] > 0;
  });
  if (!fits) throw damaged(`${FILE} has a case whose inputs are not the model's.`);
  return inputs;
}

/**
 * @param {import("./bundle.js").Bundle} bundle
 * @param {unknown} entry
 * @returns {Tensor}
 */
function tensorOf(bundle, entry) {
  if (!isObject(entry)) throw damaged(`${FILE} has a tensor that is no JSON object.`);
  const file = field(entry, "file", "string", FILE);
  const dtype = field(entry, "dtype", "string", FILE);
  const shape = list(entry.shape, "integer", FILE);
  if (!Object.hasOwn(READERS, dtype)) throw damaged(`${FILE} has a tensor of ${dtype}.`);
  const bytes = bundle.read(FOLDER + file.slice(file.lastIndexOf("/") + 1));
  if (bytes.length !== elements(shape) * SIZES[/** @type {keyof typeof SIZES} */ (dtype)]) {
    throw damaged(`${file} has not as many bytes as ${FILE} says.`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { dtype, shape, data: READERS[dtype](view, elements(shape)) };
}

/**
 * The golden cases of a bundle and the tolerance they are held to; none where it has no golden files.
 *
 * @param {import("./bundle.js").Bundle} bundle
 * @returns {{cases: Case[], tolerance: JsonObject}}
 */
export function readGolden(bundle) {
  if (!bundle.verified.has(FILE)) return { cases: [], tolerance: {} };
  const golden = parseObject(bundle.read(FILE), FILE);
  const tolerance = field(golden, "tolerance", "object", FILE);
  for (const name of Object.keys(tolerance)) optional(tolerance, name, "number", FILE, null);
  const cases = list(golden.cases, "object", FILE).map((entry) => {
    const texts = list(entry.texts, "string", FILE);
    if (texts.length < 1 || texts.length > 2) throw damaged(`${FILE} has a case of ${texts.length} texts.`);
    const outputs = tensorsOf(bundle, entry.outputs);
    if (Object.values(outputs).some(({ dtype }) => dtype !== "float32"))
      throw damaged(`${FILE} has an output that is not float32.`);
    return { texts, inputs: inputsOf(bundle, entry.inputs), outputs };
  });
  return { cases, tolerance };
}
