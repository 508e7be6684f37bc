import assert from "node:assert/strict";
import { test } from "node:test";

import { Tokenizer } from "../src/index.js";

test("scores are read as the library reads them: of two equally good ways the last digit decides", () => {
  const vocab = [
    ["<unk>", 0],
    ["-", -5.212227821350098],
    ["--", -11.401933670043945],
    ["---", -11.12852668762207],
    ["----", -2.6650888919830322],
  ];
  const tokenizer = new Tokenizer({ model: { type: "Unigram", unk_id: 0, vocab, byte_fallback: false } });
  // With the float64 that is nearest to those digits it would be 1, 4, 4, 4.
  assert.deepEqual(
    tokenizer.encode("-".repeat(13)).tokens.map((token) => token.length),
    [4, 4, 4, 1],
  );
});

test("a token's offsets cut its own characters out of a text with surrogate pairs", () => {
  const vocab = Object.fromEntries(["?", "🦙", "b"].map((token, id) => [token, id]));
  const model = { type: "WordLevel", vocab, unk_token: "?" };
  const tokenizer = new Tokenizer({ model, pre_tokenizer: { type: "WhitespaceSplit" } });
  const text = "🦙 b 🦙";
  const { offsets, tokens } = tokenizer.encode(text);
  assert.deepEqual(
    offsets.map(([start, end]) => text.slice(start, end)),
    tokens,
  );
});
