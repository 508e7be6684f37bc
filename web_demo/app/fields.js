// The form of a task: its fields, the few options that apply, the examples; and the question that stands in it.
import { el } from "./dom.js";
import { count } from "./format.js";

const AGGREGATIONS = {
  simple: "entities",
  first: "entities of whole words, by the first token",
  average: "entities of whole words, by the average token",
  max: "entities of whole words, by the surest token",
  none: "every token",
};

export class Fields {
  /**
   * @param {HTMLElement} place where the form's fields go; what stood there is removed
   * @param {any} task a row of TASKS
   * @param {any} bundle what the engine says of the bundle it opened
   */
  constructor(place, task, bundle) {
    this.task = task;
    this.bundle = bundle;
    /** @type {Record<string, any>} */
    this.inputs = {};
    const fields = task.fields.map((field) => this.#field(field));
    const options = task.options.map((name) => this.#option(name)).filter((option) => option !== null);
    place.replaceChildren(this.#examples(), ...fields, el("div", { className: "options" }, ...options));
  }

  /** Puts texts into the fields, as a person would. */
  fill(values) {
    for (const [name, value] of Object.entries(values)) {
      const input = this.inputs[name];
      input.value = value.replaceAll("{mask}", this.bundle.mask ?? "[MASK]");
      input.dispatchEvent(new Event("input"));
    }
  }

  /** What stands in the form; what is empty and need not be given is left out. */
  question() {
    const { text, pair, lines, truncate, aggregation, prompt, linesPrompt } = this.inputs;
    const optionalPair = pair && (pair.value !== "" || !this.task.fields.find((field) => field.name === "pair").optional);
    return {
      text: text.value,
      ...(optionalPair && { pair: pair.value }),
      ...(lines && { lines: lines.value.split("\n").map((line) => line.trim()).filter(Boolean) }),
      ...(this.task.topK && { topK: this.task.topK }),
      ...(truncate?.checked && { truncate: true }),
      ...(aggregation && { aggregation: aggregation.value }),
      ...(prompt?.value && { prompt: prompt.value }),
      ...(linesPrompt?.value && { linesPrompt: linesPrompt.value }),
    };
  }

  #field({ name, label, rows, optional, mask }) {
    const id = `field-${name}`;
    const counter = el("span", { className: "counter", "aria-hidden": "true" });
    const input = el("textarea", { id, rows, spellcheck: false, autocomplete: "off" });
    input.addEventListener("input", () => (counter.textContent = count(input.value.length, "character")));
    this.inputs[name] = input;
    const head = el("div", { className: "field-head" }, el("label", { htmlFor: id }, label), counter);
    const field = el("div", { className: "field" }, head, input);
    if (mask) field.append(this.#maskButton(input));
    return optional ? el("details", { className: "optional" }, el("summary", {}, optional), field) : field;
  }

  #maskButton(input) {
    const mask = this.bundle.mask ?? "[MASK]";
    const insert = () => {
      input.setRangeText(mask, input.selectionStart, input.selectionEnd, "end");
      input.dispatchEvent(new Event("input"));
      input.focus();
    };
    return el("button", { type: "button", className: "small", onclick: insert }, `Insert ${mask}`);
  }

  #option(name) {
    const input = this.#control(name);
    if (input === null) return null;
    input.id = `option-${name}`;
    this.inputs[name] = input;
    const label = el("label", { htmlFor: input.id }, OPTION_LABELS[name]);
    return el("div", { className: "option" }, ...(input.type === "checkbox" ? [input, label] : [label, input]));
  }

  /** The control of an option; null where the bundle gives no choice. */
  #control(name) {
    if (name === "truncate") return el("input", { type: "checkbox" });
    if (name === "aggregation") return select(Object.entries(AGGREGATIONS), "simple");
    const { texts, default: usual } = this.bundle.prompts ?? { texts: {}, default: null };
    const names = Object.keys(texts).map((prompt) => [prompt, `${prompt} (“${texts[prompt]}”)`]);
    return names.length ? select([["", usual ? `as the bundle has it: ${usual}` : "none"], ...names], "") : null;
  }

  #examples() {
    const buttons = Object.entries(this.task.examples).map(([name, values]) =>
      el("button", { type: "button", className: "small", onclick: () => this.fill(values) }, name),
    );
    return el("div", { className: "examples", role: "group", "aria-label": "Examples" }, "Example: ", ...buttons);
  }
}

const OPTION_LABELS = {
  truncate: "Cut a text that is too long",
  aggregation: "Show",
  prompt: "Prompt of the search",
  linesPrompt: "Prompt of the sentences",
};

function select(entries, chosen) {
  const options = entries.map(([value, text]) => el("option", { value }, text));
  const control = el("select", {}, ...options);
  control.value = chosen;
  return control;
}
