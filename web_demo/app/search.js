// Similarity search: every sentence of a list by its cosine to a text. Vectors are kept, so that a changed list or
// another search costs only what is new.

/** The most vectors that are kept; the oldest go first. */
const KEPT = 5000;

export class Search {
  #answerer;
  #engine;
  /** @type {Map<string, number[]>} */
  #vectors = new Map();

  /** @param {any} answerer one of answerers.js @param {import("./client.js").Engine} engine */
  constructor(answerer, engine) {
    this.#answerer = answerer;
    this.#engine = engine;
  }

  /**
   * The list by similarity, the most similar first, and how long it took.
   * @param {any} question `text`, `lines`, and `prompt`s of both where the bundle has some
   * @param {(share: number) => void} progress
   */
  async rank({ text, lines, truncate, prompt, linesPrompt }, progress) {
    const began = performance.now();
    const totals = { tokenize: 0, model: 0, decode: 0, tokens: 0, passes: 0 };
    const vectors = [await this.#vector({ text, truncate, prompt }, totals)];
    for (const line of lines) {
      vectors.push(await this.#vector({ text: line, truncate, prompt: linesPrompt }, totals));
      progress((vectors.length - 1) / lines.length);
    }
    const cosines = await this.#engine.call("cosines", vectors);
    const answer = cosines.map((score, index) => ({ index, score, text: lines[index] }));
    answer.sort((one, other) => other.score - one.score);
    const { tokens, passes, ...times } = totals;
    return { answer, tokens, passes, times: { ...times, whole: performance.now() - began } };
  }

  async #vector(question, totals) {
    const key = JSON.stringify([question.prompt, question.truncate, question.text]);
    const kept = this.#vectors.get(key);
    if (kept) return kept;
    const { answer, times, tokens, passes } = await this.#answerer.answer(question);
    for (const part of ["tokenize", "model", "decode"]) totals[part] += times[part];
    totals.tokens += tokens;
    totals.passes += passes;
    this.#vectors.set(key, answer);
    if (this.#vectors.size > KEPT) this.#vectors.delete(this.#vectors.keys().next().value);
    return answer;
  }
}
