import assert from "node:assert/strict";
import { test } from "node:test";

import { sha256, sha256Fallback } from "../src/index.js";

/** Bytes that differ from place to place, without chance. */
const bytes = (length) => Uint8Array.from({ length }, (_, i) => (i * 167 + (i >> 8) * 59) & 0xff);

test("the fallback gives the platform's digest at every length around a block", async () => {
  for (let length = 0; length <= 200; length++) {
    assert.equal(sha256Fallback(bytes(length)), await sha256(bytes(length)), `${length} bytes`);
  }
});

test("the fallback gives the platform's digest of a megabyte", async () => {
  assert.equal(sha256Fallback(bytes(1 << 20)), await sha256(bytes(1 << 20)));
});

test("without a platform's digest the fallback is taken", async (context) => {
  const platform = Object.getOwnPropertyDescriptor(globalThis, "crypto");
  Object.defineProperty(globalThis, "crypto", { value: undefined, configurable: true });
  context.after(() => Object.defineProperty(globalThis, "crypto", platform));
  assert.equal(
    await sha256(new TextEncoder().encode("abc")),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});
