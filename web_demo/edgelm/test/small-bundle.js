// @ts-check
/** A bundle in memory for the tests: a tagger over a few words, whose model is a function. */

import { sha256Fallback } from "../src/index.js";

const encoder = new TextEncoder();

/** @type {(content: unknown) => Uint8Array} */
export const json = (content) => encoder.encode(JSON.stringify(content));

const WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "paris", "is", "lon", "##don", "not", "🦙", "very"];

/** @type {any} a tokenizer.json */
export const TOKENIZER = {
  version: "1.0",
  added_tokens: WORDS.slice(0, 5).map((content, id) => ({
    ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
  })),
  normalizer: {
    type: "BertNormalizer",
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: "BertPreTokenizer" },
  post_processor: {
    type: "BertProcessing",
    sep: ["[SEP]", 3],
    cls: ["[CLS]", 2],
  },
  decoder: { type: "WordPiece", prefix: "##", cleanup: true },
  model: {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(WORDS.map((word, id) => [word, id])),
  },
};

const NAMES = ["input_ids", "attention_mask"];

/** @type {any} */
export const MANIFEST = {
  schema_version: 1,
  model: "small",
  task: "token-classification",
  labels: ["O", "B-LOC"],
  target: "onnx",
  precision: "fp32",
  scheme: {},
  rewrites: [],
  max_length: 16,
  lengths: [],
  artifact: {
    files: ["model.onnx"],
    inputs: NAMES.map((name) => ({ name, dtype: "int32", shape: ["batch", "length"] })),
    outputs: [{ name: "logits", dtype: "float32", shape: ["batch", "length", 2] }],
    details: {},
  },
  tokenizer: { special_tokens: { unk: "[UNK]", mask: "[MASK]", pad: "[PAD]" } },
  decode: { activation: "softmax", words: "pieces" },
  source: {},
};

/**
 * The model: `paris`, `lon` and what is unknown are places.
 *
 * @type {import("../src/index.js").Runner}
 */
export const MODEL = {
  run({ input_ids: { data, shape } }) {
    const isPlace = Array.from(data, (id) => [1, 5, 7, 10].includes(Number(id)));
    return {
      logits: {
        dtype: "float32",
        shape: [...shape, 2],
        data: Float32Array.from(isPlace.flatMap((yes) => [yes ? -1 : 2, yes ? 3 : -2])),
      },
    };
  },
};

/**
 * The files of a bundle with a manifest that lists them.
 *
 * @param {Record<string, unknown>} [changes] of the manifest
 * @param {Record<string, Uint8Array>} [more] files
 * @returns {Record<string, Uint8Array>}
 */
export function smallBundle(changes = {}, more = {}) {
  const files = { "tokenizer.json": json(TOKENIZER), "model.onnx": encoder.encode("a model"), ...more };
  const listed = Object.entries(files).map(([name, bytes]) => [
    name,
    { sha256: sha256Fallback(bytes), bytes: bytes.length },
  ]);
  return { ...files, "edgelm.json": json({ ...MANIFEST, files: Object.fromEntries(listed), ...changes }) };
}

/**
 * Golden files of some texts: ids, and what the model says of them.
 *
 * @param {[string, number[]][]} cases
 * @param {object} [tolerance]
 * @returns {Promise<Record<string, Uint8Array>>}
 */
export async function golden(cases, tolerance = { max_abs: 1e-4, min_cosine: 0.999 }) {
  /** @type {Record<string, Uint8Array>} */
  const files = {};
  const told = [];
  for (const [place, [text, ids]] of cases.entries()) {
    const data = Int32Array.from(ids);
    const shape = [1, ids.length];
    const { logits } = await MODEL.run({ input_ids: { dtype: "int32", shape, data } });
    const tensors = { input_ids: data, attention_mask: new Int32Array(ids.length).fill(1), logits: logits.data };
    for (const [name, values] of Object.entries(tensors))
      files[`golden/${place}.${name}.bin`] = new Uint8Array(values.buffer);
    const entry = (/** @type {string} */ name, /** @type {string} */ dtype, /** @type {number[]} */ sizes) => ({
      file: `${place}.${name}.bin`,
      dtype,
      shape: sizes,
    });
    told.push({
      texts: [text],
      inputs: Object.fromEntries(NAMES.map((name) => [name, entry(name, "int32", shape)])),
      outputs: { logits: entry("logits", "float32", logits.shape) },
    });
  }
  return { ...files, "golden/golden.json": json({ tolerance, cases: told }) };
}
