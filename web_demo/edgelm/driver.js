#!/usr/bin/env node
// @ts-check
/**
 * Asks this kit from a command line: a JSON request a line on stdin, a JSON reply a line on stdout. The tests of all
 * kits speak this protocol (conformance/README.md).
 */

import { Bundle, EdgelmError, Session, Tokenizer, openTokenizer } from "./src/index.js";
import { folderFiles } from "./src/node.js";

/** @typedef {Record<string, any>} Json */

/** A request that is none of the protocol's. */
class RequestError extends EdgelmError {
  /** @param {string} message */
  constructor(message) {
    super("request", message);
  }
}

/** @type {Record<string, (value: unknown) => boolean>} */
const IS = {
  string: (value) => typeof value === "string",
  integer: (value) => Number.isInteger(value),
  number: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean",
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  strings: (value) => Array.isArray(value) && value.every((item) => typeof item === "string"),
  integers: (value) => Array.isArray(value) && value.every(Number.isInteger),
  objects: (value) => Array.isArray(value) && value.every((item) => IS.object(item)),
};

/**
 * A field of a request; RequestError where it is of another type, or absent without an `otherwise`.
 *
 * @param {Json} request
 * @param {string} name
 * @param {string} kind
 * @param {any} [otherwise]
 * @returns {any}
 */
function of(request, name, kind, otherwise) {
  const value = Object.hasOwn(request, name) ? request[name] : null;
  if (value === null && otherwise !== undefined) return otherwise;
  if (!IS[kind](value)) throw new RequestError(`The request has no ${name} (${kind}).`);
  return value;
}

/**
 * Turns places of a text in UTF-16 code units into places in code points, Python's unit.
 *
 * @param {string} text
 * @returns {(unit: number) => number}
 */
function codePoints(text) {
  if (!/[\ud800-\udbff]/.test(text)) return (unit) => unit;
  const places = new Int32Array(text.length + 1);
  for (let i = 0, count = 0; i < text.length; i++) {
    places[i] = count;
    if ((text.charCodeAt(i + 1) & 0xfc00) !== 0xdc00 || (text.charCodeAt(i) & 0xfc00) !== 0xd800) count++;
    places[i + 1] = count;
  }
  return (unit) => places[unit];
}

/**
 * @param {import("./src/index.js").Encoding} encoding
 * @param {string} text
 * @param {string | null} pair
 * @returns {Json}
 */
function told(encoding, text, pair) {
  const units = [codePoints(text), codePoints(pair ?? "")];
  const offsets = encoding.offsets.map(([start, end], i) => {
    // The type says which text it is of in a window that does not.
    const place = units[encoding.sequenceIds[i] ?? Math.min(encoding.typeIds[i], 1)];
    return [place(start), place(end)];
  });
  return {
    ids: encoding.ids,
    type_ids: encoding.typeIds,
    offsets,
    special: encoding.specialTokensMask,
    words: encoding.wordIds,
    sequences: encoding.sequenceIds,
    tokens: encoding.tokens,
  };
}

/**
 * An answer whose places count code points.
 *
 * @param {any} answer
 * @param {(unit: number) => number} place
 * @returns {any}
 */
function placed(answer, place) {
  if (Array.isArray(answer)) return answer.map((item) => placed(item, place));
  if (typeof answer !== "object" || answer === null) return answer;
  const told = Object.fromEntries(Object.entries(answer).map(([key, value]) => [key, placed(value, place)]));
  if (Object.hasOwn(told, "start")) Object.assign(told, { start: place(answer.start), end: place(answer.end) });
  return told;
}

/**
 * @param {Json} request
 * @returns {import("./src/index.js").Question}
 */
function questionOf(request) {
  const asked = of(request, "question", "object");
  return {
    text: of(asked, "text", "string"),
    pair: of(asked, "pair", "string", null),
    choices: of(asked, "choices", "strings", []),
    topK: of(asked, "top_k", "integer", null),
    aggregation: of(asked, "aggregation", "string", "simple"),
    truncate: of(asked, "truncate", "boolean", false),
    prompt: of(asked, "prompt", "string", null),
  };
}

/** @type {(outputs: Json) => Record<string, import("./src/index.js").Tensor>} */
const outputsOf = (outputs) =>
  Object.fromEntries(
    Object.keys(outputs).map((name) => {
      const tensor = of(outputs, name, "object");
      const bytes = Uint8Array.from(Buffer.from(of(tensor, "data", "string"), "base64"));
      const data = new Float32Array(bytes.buffer, 0, bytes.length >> 2);
      return [name, { dtype: "float32", shape: of(tensor, "shape", "integers"), data }];
    }),
  );

/** @type {(inputs: Record<string, import("./src/index.js").Tensor>) => Json} */
const inputsToTell = (inputs) =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, { dtype, shape, data }]) => [
      name,
      { dtype, shape, data: Array.from(data, Number) },
    ]),
  );

/**
 * The lines of a stream, ended by "\n" alone: a text may hold what else ends a line.
 *
 * @param {AsyncIterable<Buffer>} stream
 * @returns {AsyncGenerator<Buffer, void, void>}
 */
async function* lines(stream) {
  /** @type {Buffer[]} */
  let begun = [];
  for await (const chunk of stream) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      yield Buffer.concat([...begun, chunk.subarray(from, end)]);
      begun = [];
      from = end + 1;
    }
    begun.push(chunk.subarray(from));
  }
  const last = Buffer.concat(begun);
  if (last.length > 0) yield last;
}

/** What the requests before have opened. */
class Driver {
  constructor() {
    this.lines = lines(process.stdin);
    /** @type {Tokenizer | null} */
    this.tokenizer = null;
    /** @type {Session | null} */
    this.session = null;
    /** @type {{question: import("./src/index.js").Question, prepared: import("./src/index.js").Prepared} | null} */
    this.prepared = null;
  }

  async serve() {
    for (let line = await this.lines.next(); !line.done; line = await this.lines.next()) {
      this.write(await this.reply(line.value));
    }
  }

  /**
   * @param {Buffer} line
   * @returns {Promise<Json>}
   */
  async reply(line) {
    let id = null;
    try {
      const request = parse(line);
      id = request.id ?? null;
      const op = of(request, "op", "string");
      if (!Object.hasOwn(OPS, op)) throw new RequestError(`There is no op ${JSON.stringify(op)}.`);
      return { id, ok: await OPS[op](this, request) };
    } catch (error) {
      return { id, error: toldError(error) };
    }
  }

  /** @param {Json} content */
  write(content) {
    process.stdout.write(JSON.stringify(content) + "\n");
  }

  /** @returns {Tokenizer} */
  get opened() {
    if (this.tokenizer === null) throw new RequestError("No tokenizer is open.");
    return this.tokenizer;
  }

  /** @returns {Session} */
  get bundled() {
    if (this.session === null) throw new RequestError("No bundle is open.");
    return this.session;
  }

  /**
   * Runs a model on the other side of the pipe.
   *
   * @param {Record<string, import("./src/index.js").Tensor>} inputs
   */
  async run(inputs) {
    this.write({ run: inputsToTell(inputs) });
    const line = await this.lines.next();
    return outputsOf(of(parse(line.done ? Buffer.alloc(0) : line.value), "outputs", "object"));
  }
}

/**
 * @param {Buffer} line
 * @returns {Json}
 */
function parse(line) {
  let request;
  try {
    request = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(line));
  } catch (error) {
    throw new RequestError(`The line is no JSON: ${/** @type {Error} */ (error).message}`);
  }
  if (!IS.object(request)) throw new RequestError("The line is no JSON object.");
  return request;
}

/**
 * @param {unknown} error
 * @returns {Json}
 */
function toldError(error) {
  if (!(error instanceof EdgelmError)) return { type: "InternalError", message: String(error) };
  return { type: error.name, kind: error.kind, message: error.message, hint: error.hint };
}

/** @type {Record<string, (driver: Driver, request: Json) => any>} */
const OPS = {
  open: async (driver, request) => {
    driver.tokenizer = await openTokenizer(folderFiles(""), of(request, "tokenizer", "string"));
    return true;
  },
  encode: ({ opened }, request) => {
    const text = of(request, "text", "string");
    const pair = of(request, "pair", "string", null);
    return told(opened.encode(text, pair), text, pair);
  },
  encode_many: ({ opened }, request) => {
    const isBrief = of(request, "brief", "boolean", false);
    return of(request, "texts", "strings").map((/** @type {string} */ text) => {
      try {
        const whole = told(opened.encode(text), text, null);
        return isBrief ? { ids: whole.ids, offsets: whole.offsets } : whole;
      } catch (error) {
        return { error: toldError(error) };
      }
    });
  },
  cut: ({ opened }, request) => {
    const text = of(request, "text", "string");
    const pair = of(request, "pair", "string", null);
    return told(opened.cut(text, pair, of(request, "max_length", "integer")), text, pair);
  },
  windows: ({ opened }, request) => {
    const question = of(request, "question", "string");
    const context = of(request, "context", "string");
    const windows = opened.windows(
      question,
      context,
      of(request, "length", "integer"),
      of(request, "doc_stride", "integer"),
    );
    return windows.map((window) => told(window, question, context));
  },
  decode: ({ opened }, request) =>
    opened.decode(of(request, "ids", "integers"), of(request, "skip_special", "boolean", false)),
  bundle: async (driver, request) => {
    const bundle = await Bundle.open(folderFiles(of(request, "path", "string")));
    driver.session = await Session.open(bundle, driver);
    return { task: bundle.task, precision: bundle.precision };
  },
  answer: async ({ bundled }, request) => {
    const question = questionOf(request);
    return placed(await bundled.answer(question), placesFor(bundled, question));
  },
  prepare: (driver, request) => {
    const question = questionOf(request);
    const prepared = driver.bundled.prepare(question);
    driver.prepared = { question, prepared };
    return { rows: prepared.inputs.map(inputsToTell) };
  },
  finish: ({ bundled, prepared }, request) => {
    if (prepared === null) throw new RequestError("No question is prepared.");
    const answer = bundled.finish(prepared.prepared, of(request, "outputs", "objects").map(outputsOf));
    return placed(answer, placesFor(bundled, prepared.question));
  },
  selftest: ({ bundled }, request) => bundled.selfTest(of(request, "repeat", "integer", 1)),
  bench: ({ opened }, request) => {
    const texts = of(request, "texts", "strings");
    const limit = of(request, "seconds", "number") * 1000;
    const start = performance.now();
    let count = 0;
    do {
      for (const text of texts) opened.encode(text);
      count += texts.length;
    } while (performance.now() - start < limit && texts.length > 0);
    return { strings_per_second: (count * 1000) / (performance.now() - start) };
  },
};

/** @type {(session: Session, question: import("./src/index.js").Question) => (unit: number) => number} */
const placesFor = (session, { text, pair }) =>
  codePoints((session.bundle.task === "question-answering" ? pair : null) ?? text);

await new Driver().serve();
