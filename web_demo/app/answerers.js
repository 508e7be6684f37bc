// Who turns text into the model's inputs and its outputs into an answer: the JavaScript kit in the worker, or, inside
// the Android app, its Kotlin core. The model runs in the worker either way.
import { AnswerError } from "./client.js";
import { toUtf16 } from "./offsets.js";

/**
 * @typedef {{answer: any, times: {tokenize: number, model: number, decode: number, whole: number}, tokens: number,
 *   passes: number}} Answered times in milliseconds; tokens of all passes of the model; the answer in UTF-16 places
 */

/** Answers by the JavaScript kit. */
export class KitAnswerer {
  name = "JavaScript kit";
  #engine;

  /** @param {import("./client.js").Engine} engine */
  constructor(engine) {
    this.#engine = engine;
  }

  /** @returns {Promise<Answered>} */
  async answer(question) {
    const began = performance.now();
    const found = await this.#engine.call("answer", question);
    return { ...found, times: { ...found.times, whole: performance.now() - began } };
  }

  /** The self-test's report; its texts are tokenized by the kit. */
  selfTest() {
    return this.#engine.call("selftest", {});
  }
}

/** Answers by the Kotlin core of the Android app, which the page reaches as `window.EdgeLMCore`. */
export class CoreAnswerer {
  name = "Kotlin core";
  #engine;
  #calls = 0;
  #spans;

  /** @param {string | undefined} spans the field of a question in which its answer's places are */
  constructor(engine, spans) {
    this.#engine = engine;
    this.#spans = spans;
  }

  static isHere() {
    return typeof globalThis.EdgeLMCore?.call === "function";
  }

  /** Tells the core which of the page's bundles is meant: the name of its folder under `bundles/`. */
  open(name) {
    this.#ask("bundle", { path: name });
  }

  /** @returns {Promise<Answered>} */
  async answer(question) {
    const began = performance.now();
    const { rows } = this.#ask("prepare", { question: asked(question) });
    const prepared = performance.now();
    const { outputs, ms } = await this.#engine.call("run", rows);
    const ran = performance.now();
    const answer = this.#ask("finish", { outputs });
    const ended = performance.now();
    const text = this.#spans && question[this.#spans];
    return {
      answer: text === undefined ? answer : toUtf16(answer, text),
      times: { tokenize: prepared - began, model: ms, decode: ended - ran, whole: ended - began },
      tokens: rows.reduce((sum, row) => sum + row.input_ids.data.length, 0),
      passes: rows.length,
    };
  }

  /** The self-test's report, with the core's tokens in the place of the kit's. */
  async selfTest() {
    const report = await this.#engine.call("selftest", {});
    const cases = await this.#engine.call("golden", {});
    const tokenizerMismatches = cases.filter((example) => !this.#hasSameIds(example)).length;
    return { ...report, verdict: tokenizerMismatches ? "fail" : report.verdict, tokenizerMismatches };
  }

  #hasSameIds({ texts: [text, pair], ids }) {
    const texts = pair === undefined ? { text } : { text, pair };
    const whole = this.#ask("encode", texts).ids;
    const found = whole.length > ids.length ? this.#ask("cut", { ...texts, max_length: ids.length }).ids : whole;
    return found.length === ids.length && found.every((id, place) => id === ids[place]);
  }

  #ask(op, argument) {
    const reply = JSON.parse(globalThis.EdgeLMCore.call(JSON.stringify({ id: ++this.#calls, op, ...argument })));
    if (reply.error) throw new AnswerError(reply.error);
    return reply.ok;
  }
}

/** A question by the names that every kit's driver reads. */
function asked({ text, pair, choices, topK, aggregation, truncate, prompt }) {
  return { text, pair, choices, top_k: topK, aggregation, truncate, prompt };
}
