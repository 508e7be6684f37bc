import assert from "node:assert/strict";
import { test } from "node:test";

import { Bundle, EdgelmError, Session, Tokenizer, memoryFiles } from "../src/index.js";
import { MANIFEST, MODEL, TOKENIZER, golden, smallBundle } from "./small-bundle.js";

const TEXTS = ["Paris 🦙 is [MASK] London!", "\u0301ﬁ İ 北京", ""];
const STRANGE = [null, true, -1, 1.5, 1e300, "", "▁", "\ud800", [], [[]], {}, { type: "Sequence" }, { Regex: "(a+)+" }];

/** The values of a JSON tree, each with the way to it. */
function* paths(value, at = []) {
  yield at;
  if (typeof value !== "object" || value === null) return;
  for (const key of Object.keys(value)) yield* paths(value[key], [...at, key]);
}

function replaced(value, [key, ...rest], by) {
  if (key === undefined) return by;
  const copy = Array.isArray(value) ? [...value] : { ...value };
  copy[key] = replaced(value[key], rest, by);
  return copy;
}

/** What a kit may do with a broken file: anything but throw what is no error of its own. */
async function tolerated(what, action) {
  try {
    await action();
  } catch (error) {
    assert.ok(error instanceof EdgelmError, `${what}: ${error?.stack}`);
    assert.ok(error.message);
  }
}

const vocabulary = Object.fromEntries([..."abcdeé▁ "].map((token, id) => [token, id]));
const MODELS = [
  TOKENIZER,
  {
    normalizer: {
      type: "Sequence",
      normalizers: [{ type: "NFKC" }, { type: "Replace", pattern: { String: " " }, content: "▁" }],
    },
    pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
    post_processor: {
      type: "TemplateProcessing",
      single: [{ SpecialToken: { id: "a", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
      pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
      special_tokens: { a: { id: "a", ids: [0], tokens: ["a"] } },
    },
    decoder: {
      type: "Sequence",
      decoders: [{ type: "ByteFallback" }, { type: "Strip", content: " ", start: 1, stop: 1 }],
    },
    model: {
      type: "Unigram",
      unk_id: 0,
      vocab: Object.keys(vocabulary).map((token) => [token, -1.5]),
      byte_fallback: true,
    },
  },
  {
    normalizer: { type: "Precompiled", precompiled_charsmap: "BAAAAAAAAAAA" },
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    post_processor: {
      type: "RobertaProcessing",
      sep: ["b", 1],
      cls: ["a", 0],
      trim_offsets: true,
      add_prefix_space: true,
    },
    decoder: { type: "ByteLevel" },
    model: { type: "BPE", unk_token: "e", fuse_unk: true, vocab: { ...vocabulary, ab: 9 }, merges: [["a", "b"]] },
  },
];

test("a tokenizer.json with any value in any place gives an error of the kit, or an answer", async () => {
  for (const state of MODELS) {
    for (const path of paths(state)) {
      for (const value of STRANGE) {
        await tolerated(`${path.join(".")} = ${JSON.stringify(value)}`, () => {
          const tokenizer = new Tokenizer(Object(replaced(state, path, value)));
          for (const text of TEXTS) tokenizer.decode(tokenizer.encode(text, "a b").ids, true);
        });
      }
    }
  }
});

test("components nested without end are refused", () => {
  let normalizer = { type: "Lowercase" };
  for (let i = 0; i < 5000; i++) normalizer = { type: "Sequence", normalizers: [normalizer] };
  assert.throws(() => new Tokenizer({ ...TOKENIZER, normalizer }), EdgelmError);
});

test("an edgelm.json with any value in any place gives an error of the kit, or an answer", async () => {
  const more = await golden([["Paris is", [2, 5, 6, 3]]]);
  const { files } = JSON.parse(new TextDecoder().decode(smallBundle({}, more)["edgelm.json"]));
  const manifest = { ...MANIFEST, files };
  for (const path of paths(manifest)) {
    if (path[0] === "files" && path.length > 1) continue; // what is not verified has its own tests
    for (const value of STRANGE) {
      await tolerated(`${path.join(".")} = ${JSON.stringify(value)}`, async () => {
        const changed = Object(replaced(manifest, path, value));
        const session = await Session.open(await Bundle.open(memoryFiles(smallBundle(changed, more))), MODEL);
        await session.answer({ text: "Paris is", aggregation: "first" });
        await session.selfTest();
      });
    }
  }
});

test("golden files with any value in any place give an error of the kit, or a verdict", async () => {
  const more = await golden([["Paris is", [2, 5, 6, 3]]]);
  const told = JSON.parse(new TextDecoder().decode(more["golden/golden.json"]));
  for (const path of paths(told)) {
    for (const value of STRANGE) {
      await tolerated(`${path.join(".")} = ${JSON.stringify(value)}`, async () => {
        const changed = new TextEncoder().encode(JSON.stringify(replaced(told, path, value)));
        const files = smallBundle({}, { ...more, "golden/golden.json": changed });
        await (await Session.open(await Bundle.open(memoryFiles(files)), MODEL)).selfTest();
      });
    }
  }
});

test("every tokenizer reads a text of a million characters", () => {
  const texts = [
    "a".repeat(1e6),
    "é b ".repeat(250_000),
    "北京🦙".repeat(250_000),
    "\u0301".repeat(1e6),
    " ".repeat(1e6),
  ];
  for (const state of MODELS.slice(0, 2)) {
    const tokenizer = new Tokenizer(state);
    for (const text of texts) assert.ok(tokenizer.encode(text).length >= 1);
  }
});
