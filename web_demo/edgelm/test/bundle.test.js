import assert from "node:assert/strict";
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";

import { Bundle, BundleError, Session, httpFiles, memoryFiles } from "../src/index.js";
import { folderFiles } from "../src/node.js";
import { MODEL, json, smallBundle } from "./small-bundle.js";

const PLACES = [{ entity_group: "LOC", score: 1 / (1 + Math.exp(-4)), word: "Paris", start: 0, end: 5 }];

/** Whether a bundle is refused with that kind of error, and a message and a hint. */
const refused = (files, kind) =>
  assert.rejects(Bundle.open(files), (error) => {
    assert.ok(error instanceof BundleError, String(error));
    assert.equal(error.kind, kind, error.message);
    assert.ok(error.message && error.hint);
    return true;
  });

async function answers(files) {
  const session = await Session.open(await Bundle.open(files), MODEL);
  assert.deepEqual(await session.answer({ text: "Paris is not" }), PLACES);
}

/** A server of some files, and what it answers for others. */
async function serving(context, files, otherwise = 404) {
  const server = createServer((request, response) => {
    const bytes = files[decodeURIComponent(request.url.slice("/some/place/".length))];
    response.writeHead(bytes ? 200 : otherwise).end(bytes);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}/some/place`;
}

test("a bundle in memory answers", () => answers(memoryFiles(smallBundle())));

test("a bundle over HTTP answers, its address with or without a last slash", async (context) => {
  const place = await serving(context, smallBundle());
  await answers(httpFiles(place));
  await answers(httpFiles(new URL(`${place}/`)));
});

test("a bundle in a folder answers", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "edgelm-"));
  context.after(() => rm(folder, { recursive: true }));
  for (const [name, bytes] of Object.entries(smallBundle({}, { "golden/a.bin": new Uint8Array(3) }))) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
  await answers(folderFiles(folder));
});

test("an empty place is no bundle", async (context) => {
  await refused(memoryFiles({}), "notABundle");
  await refused(httpFiles(await serving(context, {})), "notABundle");
  await refused(folderFiles(join(tmpdir(), "edgelm-is-not-here")), "notABundle");
});

test("a server that fails is told from one that has no such file", async (context) => {
  await refused(httpFiles(await serving(context, {}, 500)), "missingFile");
  await refused(httpFiles("http://127.0.0.1:1/"), "missingFile");
});

test("a newer bundle is refused as such", () =>
  refused(memoryFiles(smallBundle({ schema_version: 2 })), "newerSchema"));

test("a missing file is named", async () => {
  const { "model.onnx": _, ...rest } = smallBundle();
  await assert.rejects(Bundle.open(memoryFiles(rest)), /lacks model\.onnx/);
  await refused(memoryFiles(rest), "missingFile");
});

test("a changed file is found by its digest and by its size", async () => {
  const files = smallBundle();
  await refused(memoryFiles({ ...files, "model.onnx": new TextEncoder().encode("a modeL") }), "changedFile");
  await refused(memoryFiles({ ...files, "model.onnx": new TextEncoder().encode("a model ") }), "changedFile");
});

test("a manifest that names a file outside the bundle is damaged", async () => {
  for (const name of ["../model.onnx", "/etc/hostname", "a/../../b", "C:\\model.onnx"]) {
    await refused(memoryFiles(smallBundle({ files: { [name]: { sha256: "", bytes: 0 } } })), "damaged");
  }
});

test("a manifest that is no JSON, or not UTF-8, or has no keys, is damaged", async () => {
  const contents = [new Uint8Array(), Uint8Array.of(0xff, 0xfe), json([]), json({ schema_version: 1 }), json({})];
  for (const content of contents) await refused(memoryFiles({ "edgelm.json": content }), "damaged");
  const nested = new TextEncoder().encode("[".repeat(100_000));
  await refused(memoryFiles({ "edgelm.json": nested }), "damaged");
});

test("bytes are kept until they are let go", async () => {
  const bundle = await Bundle.open(memoryFiles(smallBundle()));
  assert.equal(new TextDecoder().decode(bundle.read("model.onnx")), "a model");
  bundle.release("model.onnx");
  assert.throws(() => bundle.read("model.onnx"), BundleError);
});
