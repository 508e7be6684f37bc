import assert from "node:assert/strict";
import { test } from "node:test";

import { Bundle, InputError, Session, UnsupportedError, memoryFiles } from "../src/index.js";
import { MODEL, golden, smallBundle } from "./small-bundle.js";

const GOLDEN = [
  ["Paris is", [2, 5, 6, 3]],
  ["London is not very", [2, 7, 8, 6, 9, 11, 3]],
];

async function open(changes, more, runner = MODEL) {
  return Session.open(await Bundle.open(memoryFiles(smallBundle(changes, more))), runner);
}

test("places count UTF-16 code units, so that a text's own slice is the word", async () => {
  const session = await open();
  const text = "not 🦙🦙 very Paris";
  const found = await session.answer({ text, aggregation: "none" });
  assert.deepEqual(
    found.map(({ start, end }) => text.slice(start, end)),
    ["🦙🦙", "Paris"],
  );
});

test("a runner that is synchronous or not gives the same", async () => {
  const later = { run: async (inputs) => MODEL.run(inputs) };
  const question = { text: "London is not very Paris" };
  assert.deepEqual(await (await open({}, {}, later)).answer(question), await (await open()).answer(question));
});

test("questions that cannot be answered are told why", async () => {
  const session = await open();
  const cases = [
    [{ text: "" }, "empty"],
    [{ text: " \u3000\x1c\n" }, "empty"],
    [{ text: "half \ud83d" }, "notUnicode"],
    [{ text: "paris ".repeat(20) }, "tooLong"],
    [{ text: "paris", pair: "is" }, "surplus"],
    [{ text: "paris", topK: 1 }, "surplus"],
    [{ text: "paris", aggregation: "toString" }, "aggregation"],
  ];
  for (const [question, kind] of cases) {
    await assert.rejects(session.answer(question), (error) => error instanceof InputError && error.kind === kind, kind);
  }
  assert.equal((await session.answer({ text: "paris ".repeat(20), truncate: true })).length, 14);
});

test("a model that gives something else than its bundle says is found out", async () => {
  const outputs = [{}, { logits: { dtype: "float32", shape: [1, 2, 2], data: new Float32Array(4) } }];
  for (const found of outputs) {
    await assert.rejects((await open({}, {}, { run: () => found })).answer({ text: "Paris is" }), { kind: "damaged" });
  }
});

test("a task that is not known is refused", () => assert.rejects(open({ task: "translation" }), UnsupportedError));

test("the self-test passes on the model its golden files are of", async () => {
  const report = await (await open({}, await golden(GOLDEN))).selfTest(3);
  assert.equal(report.verdict, "pass");
  assert.equal(report.tokenizerMismatches, 0);
  assert.deepEqual(
    report.signatures.map(({ name, cases, maxAbsError, verdict }) => [name, cases, maxAbsError, verdict]),
    [
      ["4", 1, 0, "pass"],
      ["7", 1, 0, "pass"],
    ],
  );
  assert.ok(report.signatures.every(({ p50Ms }) => p50Ms >= 0));
});

test("the self-test pads to fixed lengths and names their signatures", async () => {
  const seen = [];
  const runner = { run: (inputs) => (seen.push(inputs.input_ids.shape[1]), MODEL.run(inputs)) };
  const details = { signatures: { length_8: 8, length_16: 16 } };
  const { artifact } = JSON.parse(new TextDecoder().decode(smallBundle()["edgelm.json"]));
  const session = await open({ lengths: [16, 8], artifact: { ...artifact, details } }, await golden(GOLDEN), runner);
  const report = await session.selfTest();
  assert.deepEqual(
    report.signatures.map(({ name, cases, verdict }) => [name, cases, verdict]),
    [["length_8", 2, "pass"]],
  );
  assert.deepEqual([...new Set(seen)], [8]);
});

test("the self-test fails on a model that differs, is no number, or gives nothing", async () => {
  const differing = [
    ({ logits }) => ({ logits: { ...logits, data: logits.data.map((value) => value + 0.01) } }),
    ({ logits }) => ({ logits: { ...logits, data: logits.data.map(() => NaN) } }),
    () => ({}),
  ];
  for (const change of differing) {
    const runner = { run: (inputs) => change(MODEL.run(inputs)) };
    assert.equal((await (await open({}, await golden(GOLDEN), runner)).selfTest()).verdict, "fail");
  }
});

test("the self-test fails where the tokenizer gives other ids", async () => {
  const report = await (await open({}, await golden([["Paris is", [2, 5, 9, 3]]]))).selfTest();
  assert.deepEqual([report.verdict, report.tokenizerMismatches], ["fail", 1]);
});

test("a self-test that compares nothing is unmeasured", async () => {
  assert.equal((await (await open()).selfTest()).verdict, "unmeasured");
  assert.equal((await (await open({}, await golden([]))).selfTest()).verdict, "unmeasured");
});
