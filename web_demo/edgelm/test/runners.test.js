import assert from "node:assert/strict";
import { test } from "node:test";

import { Bundle, PaddedRunner, UnsupportedError, memoryFiles } from "../src/index.js";
import { liteRtRunner } from "../src/litert.js";
import { onnxRunner } from "../src/onnx.js";
import { MANIFEST, MODEL, smallBundle } from "./small-bundle.js";

const OUTPUTS = MANIFEST.artifact.outputs;
const ids = (...numbers) => ({ dtype: "int32", shape: [1, numbers.length], data: Int32Array.from(numbers) });

test("inputs are padded with zeros to the smallest length that holds them, outputs cut back", async () => {
  const seen = [];
  const runner = { run: (inputs) => (seen.push(inputs), MODEL.run(inputs)) };
  const padded = new PaddedRunner(runner, { lengths: [4, 8], outputs: OUTPUTS });
  const { logits } = await padded.run({ input_ids: ids(2, 5, 6, 9, 3), attention_mask: ids(1, 1, 1, 1, 1) });
  assert.deepEqual(seen[0].attention_mask, ids(1, 1, 1, 1, 1, 0, 0, 0));
  assert.deepEqual(logits.shape, [1, 5, 2]);
  assert.deepEqual(logits.data, MODEL.run({ input_ids: ids(2, 5, 6, 9, 3) }).logits.data);
  await padded.run({ input_ids: ids(2, 5, 6, 3) });
  assert.equal(seen[1].input_ids.shape[1], 4);
});

test("int64 inputs stay int64 when they are padded", async () => {
  const runner = new PaddedRunner({ run: (inputs) => inputs }, { lengths: [3], outputs: [] });
  const { input_ids } = await runner.run({
    input_ids: { dtype: "int64", shape: [1, 2], data: BigInt64Array.of(2n, 3n) },
  });
  assert.deepEqual(input_ids.data, BigInt64Array.of(2n, 3n, 0n));
});

test("more tokens than the largest length are refused", async () => {
  const runner = new PaddedRunner(MODEL, { lengths: [2], outputs: OUTPUTS });
  await assert.rejects(runner.run({ input_ids: ids(1, 2, 3) }), { kind: "damaged" });
});

/** A vendor's module that answers by MODEL, and counts what is not given back. */
function vendor() {
  const told = { signatures: [], held: 0 };
  class Tensor {
    constructor(data, shape) {
      Object.assign(this, { values: data, type: { layout: { dimensions: shape } } });
      told.held++;
    }
    data = async () => this.values;
    delete = () => told.held--;
  }
  const run = async (signature, inputs) => {
    told.signatures.push(signature);
    const { values, type } = inputs.input_ids;
    const { logits } = MODEL.run({ input_ids: { data: values, shape: type.layout.dimensions } });
    return { logits: new Tensor(logits.data, logits.shape) };
  };
  const wasm = { checkTensorBufferCompatible: () => {} };
  const module = {
    Tensor,
    loadAndCompile: async () => ({ run, delete() {} }),
    getGlobalLiteRt: () => ({ liteRtWasm: wasm }),
  };
  return { told, module };
}

async function bundleOf(file, signatures, outputs = OUTPUTS) {
  const artifact = { ...MANIFEST.artifact, files: [file], details: { signatures }, outputs };
  return Bundle.open(memoryFiles(smallBundle({ artifact }, { [file]: Uint8Array.of(1) })));
}

test("LiteRT is asked for the signature of the length, and gets its memory back", async () => {
  const { told, module } = vendor();
  const runner = await liteRtRunner(module, await bundleOf("model.tflite", { length_4: 4, length_8: 8 }));
  const { logits } = await runner.run({ input_ids: ids(2, 5, 6, 3) });
  assert.deepEqual([told.signatures, told.held], [["length_4"], 0]);
  assert.deepEqual(logits.shape, [1, 4, 2]);
  await assert.rejects(runner.run({ input_ids: ids(2, 3) }), UnsupportedError);
});

test("a TFLite model of any length has one signature", async () => {
  const { told, module } = vendor();
  const outputs = [{ name: "logits", dtype: "float32", shape: [1, 2] }];
  const runner = await liteRtRunner(module, await bundleOf("model.tflite", { serving_default: null }, outputs));
  await runner.run({ input_ids: ids(2, 5, 3) });
  assert.deepEqual(told.signatures, ["serving_default"]);
});

test("a TFLite model of any length with an output for each token is refused: its runtime would write past the end", () =>
  assert.rejects(
    bundleOf("model.tflite", { serving_default: null }).then((bundle) => liteRtRunner(vendor().module, bundle)),
    { name: "UnsupportedError", message: /logits/ },
  ));

test("a runtime refuses a model of another format, and what it throws is the kit's error", async () => {
  await assert.rejects(
    bundleOf("model.onnx", {}).then((bundle) => liteRtRunner(vendor().module, bundle)),
    UnsupportedError,
  );
  await assert.rejects(
    bundleOf("model.tflite", {}).then((bundle) => onnxRunner({}, bundle)),
    UnsupportedError,
  );
  const broken = { InferenceSession: { create: async () => Promise.reject(new Error("no protobuf")) } };
  await assert.rejects(
    bundleOf("model.onnx", {}).then((bundle) => onnxRunner(broken, bundle)),
    /no protobuf/,
  );
});
