// The page's side of the worker: calls that are promises, progress on the way, and a stop that always works.

const EMPTY = "Write something, or take one of the examples.";
/** The next step on this page, by the kind of an error; the hints that come with errors are for those who write code. */
const HINTS = {
  empty: EMPTY,
  emptyText: EMPTY, // the Kotlin core's name for it
  tooLong: "Shorten it, or tick “Cut a text that is too long”.",
  missingContext: "Write the context below the question.",
  tooFewChoices: "Write one choice on each line.",
  noMask: "Put one in with the button below the text.",
};

/** What went wrong in the worker or in the Kotlin core, in words for people. */
export class AnswerError extends Error {
  /** @param {{type?: string, kind?: string, message: string, hint?: string}} found */
  constructor({ type = "Error", kind = "", message, hint = "" }) {
    super(message);
    this.name = type;
    this.hint = HINTS[kind] ?? hint;
  }
}

/** One worker that holds one bundle; another bundle gets another worker, which gives all memory of the first back. */
export class Engine {
  #worker = new Worker(new URL("./worker.js", import.meta.url));
  /** @type {Map<number, {resolve: Function, reject: Function, progress: Function}>} */
  #pending = new Map();
  #calls = 0;

  constructor() {
    this.#worker.onmessage = ({ data }) => this.#receive(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#rejectAll({ message: event.message || "The worker could not be started." });
    };
  }

  /**
   * @param {string} op one of engine.js's operations
   * @param {any} argument
   * @param {(progress: any) => void} progress called as often as the operation says how far it is
   */
  call(op, argument, progress = () => {}) {
    const id = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, progress });
      this.#worker.postMessage({ id, op, argument });
    });
  }

  /** Ends the worker in the middle of whatever it does. */
  stop() {
    this.#worker.terminate();
    this.#rejectAll({ type: "Stopped", message: "Stopped." });
  }

  #receive({ id, ok, error, progress }) {
    const call = this.#pending.get(id);
    if (!call) return;
    if (progress !== undefined) {
      call.progress(progress);
      return;
    }
    this.#pending.delete(id);
    if (error) call.reject(new AnswerError(error));
    else call.resolve(ok);
  }

  #rejectAll(error) {
    for (const { reject } of this.#pending.values()) reject(new AnswerError(error));
    this.#pending.clear();
  }
}
