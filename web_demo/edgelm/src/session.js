// @ts-check
/** A bundle that answers: its tokenizer, its model in a runtime, its decode rules. */

import { InputError, unsupported } from "./errors.js";
import { field } from "./json.js";
import { selfTest } from "./self-test.js";
import { prompted, RANKING, TASKS } from "./tasks.js";
import { Output, PaddedRunner, row } from "./tensors.js";
import { isBlank } from "./unicode.js";

/** @typedef {import("./bundle.js").Bundle} Bundle */
/** @typedef {import("./encoding.js").Encoding} Encoding */
/** @typedef {import("./tasks.js").Asked} Asked */
/** @typedef {import("./tasks.js").Question} Question */
/** @typedef {import("./tasks.js").Text} Text */
/** @typedef {import("./tensors.js").Runner} Runner */
/** @typedef {import("./tensors.js").Tensors} Tensors */

/**
 * A question half answered: the model is to be run on each of `inputs` alone, and its outputs are for `finish`.
 *
 * @typedef {object} Prepared
 * @property {Asked} asked
 * @property {Encoding[]} rows
 * @property {Tensors[]} inputs
 */

/** @type {Omit<Asked, "text">} */
const DEFAULTS = { pair: null, choices: [], topK: null, aggregation: "simple", truncate: false, prompt: null };
/** @type {[keyof typeof DEFAULTS, string][]} what not every task takes, and what it is called */
const FLAGS = [
  ["pair", "second text"],
  ["choices", "choices or documents"],
  ["topK", "topK"],
  ["prompt", "prompt"],
];

/** A bundle ready to answer. */
export class Session {
  /**
   * @param {Bundle} bundle
   * @param {import("./tokenizer.js").Tokenizer} tokenizer
   * @param {Runner} runner of the bundle's model
   */
  constructor(bundle, tokenizer, runner) {
    this.bundle = bundle;
    this.tokenizer = tokenizer;
    this.runner = new PaddedRunner(runner, bundle);
    if (!Object.hasOwn(TASKS, bundle.task)) throw unsupported(`the task ${bundle.task}`);
  }

  /**
   * @param {Bundle} bundle
   * @param {Runner} runner
   * @returns {Promise<Session>}
   */
  static async open(bundle, runner) {
    return new Session(bundle, bundle.tokenizer(), runner);
  }

  /**
   * The answer as Hugging Face's pipeline of the task gives it, with places in UTF-16 code units; answers with scores
   * are a list, best first.
   *
   * @param {Question} question
   * @returns {Promise<any>}
   */
  async answer(question) {
    const prepared = this.prepare(question);
    const outputs = [];
    for (const inputs of prepared.inputs) outputs.push(await this.runner.run(inputs));
    return this.finish(prepared, outputs);
  }

  /**
   * What the model is to be run on for a question; InputError where it cannot be answered.
   *
   * @param {Question} question
   * @returns {Prepared}
   */
  prepare(question) {
    const given = Object.entries(question).filter(([, value]) => value !== null && value !== undefined);
    /** @type {Asked} */
    const asked = { ...DEFAULTS, text: question.text, ...Object.fromEntries(given) };
    const task = this.task(asked);
    this.refuseSurplus(asked, task.takes);
    const takesPrompt = task.takes.includes("prompt");
    const texts = task.texts(takesPrompt ? prompted(asked, this.bundle.manifest.prompts, isBlank) : asked);
    for (const part of texts.flat())
      if (part !== null && isBlank(part)) throw new InputError("empty", "The text is empty.");
    const rows = this.rows(asked, texts);
    return { asked, rows, inputs: rows.map((encoding) => this.inputs(encoding)) };
  }

  /**
   * The answer to a prepared question.
   *
   * @param {Prepared} prepared
   * @param {Tensors[]} outputs of the model for each of the prepared inputs
   * @returns {any}
   */
  finish({ asked, rows }, outputs) {
    if (outputs.length !== rows.length) {
      throw new InputError("outputs", `There are outputs for ${outputs.length} of ${rows.length} rows.`);
    }
    const byToken = this.runner.byToken;
    const found = outputs.map((tensors, i) =>
      Object.fromEntries(
        Object.entries(tensors).map(([name, tensor]) => [
          name,
          Output.of(tensor, name, byToken.has(name) ? rows[i].length : null),
        ]),
      ),
    );
    return this.task(asked).answer(this, asked, rows, found);
  }

  /**
   * Replays the bundle's golden inputs on the runtime.
   *
   * @param {number} [repeat] timed runs of each case
   * @returns {Promise<import("./self-test.js").SelfTest>}
   */
  selfTest(repeat = 1) {
    return selfTest(this.bundle, this.tokenizer, this.runner, repeat);
  }

  /**
   * @param {Asked} asked
   * @returns {import("./tasks.js").Task}
   */
  task({ choices }) {
    const { task, labels } = this.bundle;
    return task === "text-classification" && labels.length === 1 && choices.length > 0 ? RANKING : TASKS[task];
  }

  /**
   * @param {Asked} asked
   * @param {string[]} takes
   */
  refuseSurplus(asked, takes) {
    const isGiven = (/** @type {keyof typeof DEFAULTS} */ name) =>
      name === "choices" ? asked.choices.length > 0 : asked[name] !== null;
    const surplus = FLAGS.find(([name]) => isGiven(name) && !takes.includes(name));
    if (surplus !== undefined) throw new InputError("surplus", `${this.bundle.task} takes no ${surplus[1]}.`);
  }

  /**
   * What the model reads: windows of a question's context, or the texts, cut where they may be.
   *
   * @param {Asked} asked
   * @param {Text[]} texts
   * @returns {Encoding[]}
   */
  rows({ truncate }, texts) {
    const { task, decode, maxLength } = this.bundle;
    if (task === "question-answering") {
      const where = "The decode rules";
      const length = Math.min(maxLength, field(decode, "max_seq_length", "integer", where));
      const [text, pair] = texts[0];
      return this.tokenizer.windows(text, pair ?? "", length, field(decode, "doc_stride", "integer", where));
    }
    return texts.map((text) => this.fitting(text, truncate));
  }

  /**
   * @param {Text} text
   * @param {boolean} truncate
   * @returns {Encoding}
   */
  fitting([text, pair], truncate) {
    const encoding = this.tokenizer.encode(text, pair);
    const limit = this.bundle.maxLength;
    if (encoding.length <= limit) return encoding;
    if (truncate) return this.tokenizer.cut(text, pair, limit);
    throw new InputError(
      "tooLong",
      `The text has ${encoding.length} tokens; this bundle takes ${limit}.`,
      "Pass truncate to cut it, or export with a larger --max-length.",
    );
  }

  /**
   * @param {Encoding} encoding
   * @returns {Tensors}
   */
  inputs(encoding) {
    /** @type {Record<string, () => number[]>} */
    const columns = {
      input_ids: () => encoding.ids,
      attention_mask: () => encoding.attentionMask,
      token_type_ids: () => encoding.typeIds,
    };
    return Object.fromEntries(
      this.bundle.inputs.map(({ name, dtype }) => {
        if (!Object.hasOwn(columns, name)) throw unsupported(`a model with the input ${name}`);
        return [name, row(columns[name](), dtype)];
      }),
    );
  }
}
