// TFLite models of any length in LiteRT.js 2.5.3, whose outputs have a value for each token.
//
// The runtime resizes a model to its inputs, but makes the buffers of the outputs before that, as large as the run before
// needed: a longer text is then written past their end. So such a model is compiled for a few lengths, each with the
// length put into its bytes, and texts are padded to the next of them. A model whose outputs have no length runs as it is.
import { PaddedRunner } from "../edgelm/src/index.js";
import { liteRtRunner } from "../edgelm/src/litert.js";

const SHORTEST = 16;
/** Compiled models that are kept; each holds its own packed weights. */
const KEPT = 3;

/** A runner of a bundle's model. @param {any} litert the loaded module @param {import("../edgelm/src/index.js").Bundle} bundle */
export async function anyLengthRunner(litert, bundle) {
  const isOpen = bundle.outputs.some(({ shape }) => shape.slice(1).includes("length"));
  if (bundle.lengths.length > 0 || !isOpen) return liteRtRunner(litert, bundle);
  const models = new FixedModels(litert, bundle);
  const lengths = lengthsOf(bundle);
  await models.of(lengths[0]); // a model that cannot be read is told of when the bundle is opened
  return new PaddedRunner(models, { lengths, outputs: bundle.outputs });
}

/** Powers of two up to the longest text, and the length that long contexts are read in. */
function lengthsOf({ maxLength, decode }) {
  const window = Math.min(maxLength, Number.isInteger(decode.max_seq_length) ? decode.max_seq_length : maxLength);
  const lengths = new Set([maxLength, window]);
  for (let length = SHORTEST; length < maxLength; length *= 2) lengths.add(length);
  return [...lengths].sort((one, other) => one - other);
}

/** One model for each length, compiled when it is first needed; the one that was not used for longest goes. */
class FixedModels {
  /** @type {Map<number, Promise<any>>} in the order of their last use */
  #runners = new Map();

  constructor(litert, bundle) {
    this.litert = litert;
    this.bundle = bundle;
  }

  async run(inputs) {
    const runner = await this.of(Object.values(inputs)[0].shape[1]);
    return runner.run(inputs);
  }

  async of(length) {
    const runner = this.#runners.get(length) ?? this.#compile(length);
    this.#runners.delete(length);
    this.#runners.set(length, runner);
    if (this.#runners.size > KEPT) {
      const [[oldest, unused]] = this.#runners;
      this.#runners.delete(oldest);
      (await unused).close();
    }
    return runner;
  }

  #compile(length) {
    const { bundle } = this;
    const bytes = bundle.read(bundle.modelFiles[0]).slice();
    setLength(bytes, length);
    const signatures = Object.fromEntries(Object.keys(bundle.signatures).map((name) => [name, length]));
    const view = Object.create(bundle, { signatures: { value: signatures }, read: { value: () => bytes } });
    return liteRtRunner(this.litert, view);
  }
}

// Fields of the tables in TFLite's schema (version 3) by their number.
const MODEL_SUBGRAPHS = 2;
const SUBGRAPH = { tensors: 0, inputs: 1, outputs: 2 };
const TENSOR = { shape: 0, shapeSignature: 7 };

/**
 * Puts a length where the inputs and outputs of a TFLite model leave it open.
 * @param {Uint8Array} bytes of the model; changed in place
 */
function setLength(bytes, length) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const target = (place) => place + view.getUint32(place, true);
  /** Where a table's field points to; 0 where the table has none. */
  const field = (table, number) => {
    const fields = table - view.getInt32(table, true);
    const entry = 4 + 2 * number;
    const offset = entry < view.getUint16(fields, true) ? view.getUint16(fields + entry, true) : 0;
    return offset ? target(table + offset) : 0;
  };
  /** Where the elements of a vector are, each of four bytes. */
  const elements = (vector) => {
    const count = view.getUint32(vector, true);
    if (4 * count > bytes.length) throw new RangeError("the model's file is damaged");
    return Array.from({ length: count }, (_, index) => vector + 4 + 4 * index);
  };

  const subgraph = target(elements(field(target(0), MODEL_SUBGRAPHS))[0]);
  const tensors = elements(field(subgraph, SUBGRAPH.tensors));
  for (const list of [SUBGRAPH.inputs, SUBGRAPH.outputs]) {
    for (const index of elements(field(subgraph, list))) {
      const tensor = target(tensors[view.getInt32(index, true)]);
      const [shape, signature] = [field(tensor, TENSOR.shape), field(tensor, TENSOR.shapeSignature)];
      if (!shape || !signature) continue;
      const sizes = elements(shape);
      elements(signature).forEach((size, axis) => {
        if (view.getInt32(size, true) >= 0) return;
        view.setInt32(size, length, true);
        view.setInt32(sizes[axis], length, true);
      });
    }
  }
}
