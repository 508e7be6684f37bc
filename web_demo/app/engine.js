// The worker's side: one bundle, its tokenizer, its model in its runtime; it answers calls of client.js one by one.
import { readGolden } from "../edgelm/src/golden.js";
import { Bundle, Session, cosine, httpFiles } from "../edgelm/src/index.js";
import { onnxRunner } from "../edgelm/src/onnx.js";
import { anyLengthRunner } from "./litert-lengths.js";
import { startLitert, startOnnxruntime } from "./runtimes.js";
import { fromJson, toJson } from "./tensors.js";

/** By the name that bundles/index.json gives it: how a runtime is started, and the kit's runner over it. */
const RUNTIMES = {
  litert: { start: startLitert, runnerOf: anyLengthRunner },
  onnxruntime: { start: startOnnxruntime, runnerOf: onnxRunner },
};
/** Timed runs of each golden case. */
const REPEAT = 10;

/** The bundle that is open. @type {Session} */
let session;

/** What client.js may call: the argument, and a function that is told how far it is. */
const OPS = {
  /** Opens the bundle under an address; what the page must know of it. */
  async open({ base, runtime, builds }, progress) {
    const { start, runnerOf } = RUNTIMES[runtime];
    // Both at once: the runtime is compiled while the bundle is on its way.
    const [{ module, threads }, bundle] = await Promise.all([start(builds), Bundle.open(counted(httpFiles(base), progress))]);
    session = await Session.open(bundle, await runnerOf(module, bundle));
    return { ...facts(bundle), mask: session.tokenizer.specialTokens.mask, threads };
  },

  /** An answer, with its times in milliseconds. */
  async answer(question) {
    const began = performance.now();
    const prepared = session.prepare(question);
    const tokenized = performance.now();
    const outputs = await runAll(prepared.inputs);
    const ran = performance.now();
    const answer = session.finish(prepared, outputs);
    const times = { tokenize: tokenized - began, model: ran - tokenized, decode: performance.now() - ran };
    const tokens = prepared.rows.reduce((sum, row) => sum + row.length, 0);
    return { answer, times, tokens, passes: prepared.rows.length };
  },

  /** Runs the model on rows that another core prepared, in the form of the kits' drivers. */
  async run(rows) {
    const inputs = rows.map(fromJson);
    const began = performance.now();
    const outputs = await runAll(inputs);
    const ms = performance.now() - began;
    return { outputs: outputs.map(toJson), ms };
  },

  /** The cosine of the first vector to each of the others. */
  cosines: ([wanted, ...vectors]) => vectors.map((vector) => cosine(wanted, vector)),

  selftest: () => session.selfTest(REPEAT),

  /** The texts of the golden cases and the ids that the export's tokenizer gave them. */
  golden() {
    const { cases } = readGolden(session.bundle);
    return cases.map(({ texts, inputs }) => ({ texts, ids: Array.from(inputs.input_ids.data, Number) }));
  },
};

async function runAll(inputs) {
  const outputs = [];
  for (const row of inputs) outputs.push(await session.runner.run(row));
  return outputs;
}

/** A source of files that says after each how many bytes have come. */
function counted(files, progress) {
  let bytes = 0;
  return {
    ...files,
    async read(name) {
      const content = await files.read(name);
      bytes += content?.length ?? 0;
      progress({ bytes });
      return content;
    },
  };
}

function facts({ task, precision, labels, maxLength, manifest }) {
  return { task, precision, labels, maxLength, slotLabels: manifest.slot_labels ?? [], prompts: manifest.prompts ?? null };
}

/** An error in words: the kit's as it is; any other is the runtime's. */
function inWords(error) {
  if (error.hint !== undefined) return { type: error.name, kind: error.kind, message: error.message, hint: error.hint };
  const hint = "Reload the page; if it happens again, try another bundle or a newer browser.";
  const reason = String(error.message ?? error).replace(/[.\s]+$/, "");
  return { type: error.name, kind: "runtime", message: `The runtime failed: ${reason}.`, hint };
}

export async function handle({ data: { id, op, argument } }) {
  const progress = (far) => self.postMessage({ id, progress: far });
  try {
    self.postMessage({ id, ok: await OPS[op](argument, progress) });
  } catch (error) {
    self.postMessage({ id, error: inWords(error) });
  }
}
