// The page: which bundle is open, what is being done, and where everything is shown.
import { CoreAnswerer, KitAnswerer } from "./answerers.js";
import { AnswerError, Engine } from "./client.js";
import { byId, el } from "./dom.js";
import { Fields } from "./fields.js";
import { count, duration, size } from "./format.js";
import { toCodePoints } from "./offsets.js";
import { benchmark, benchmarkReport, selfTestReport } from "./reports.js";
import { Search } from "./search.js";
import { taskOf } from "./tasks.js";
import { VIEWS } from "./views.js";

/** After this long a person may want to stop what runs. */
const STOP_AFTER_MS = 400;
const MOST_JSON = 1_000_000;

const RUNTIME_NAMES = { litert: "LiteRT.js", onnxruntime: "onnxruntime-web" };
const ACTIONS = ["run", "selftest", "benchmark"];

/** @type {{litert: string[], bundles: any[]}} */
let index;
/** What is open; null while nothing is. @type {null | {engine: Engine, bundle: any, task: any, fields: Fields, answerer: any, search: Search}} */
let open = null;
/** The worker of the bundle that is open or being opened. @type {Engine | null} */
let engine = null;
let isBusy = false;

async function start() {
  byId("form").addEventListener("submit", (event) => {
    event.preventDefault();
    work(answer);
  });
  byId("form").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) work(answer);
  });
  byId("stop").onclick = stop;
  byId("selftest").onclick = () => work(selfTest);
  byId("benchmark").onclick = () => work(measure);
  byId("json").addEventListener("toggle", showJson);
  try {
    index = await readIndex();
  } catch (error) {
    showError(error);
    return;
  }
  const picker = byId("bundle");
  picker.append(...index.bundles.map((entry) => el("option", { value: entry.name }, describe(entry))));
  const wanted = decodeURIComponent(location.hash.slice(1));
  if (index.bundles.some(({ name }) => name === wanted)) picker.value = wanted;
  picker.onchange = () => openBundle(picker.value);
  openBundle(picker.value);
}

const describe = ({ name, precision, bytes }) => `${name} · ${precision} · ${size(bytes)}`;

async function readIndex() {
  const response = await fetch("bundles/index.json").catch(() => null);
  if (!response?.ok) {
    const hint = "Build the page with one: npm run build -- --bundle PATH, and serve the folder it makes.";
    throw new AnswerError({ message: "This page has no list of bundles.", hint });
  }
  return response.json();
}

/** Opens a bundle in a worker of its own; the one before it, and whatever that was doing, is dropped. */
async function openBundle(name) {
  engine?.stop();
  open = null;
  const own = new Engine();
  engine = own;
  const entry = index.bundles.find((bundle) => bundle.name === name);
  history.replaceState(null, "", `#${encodeURIComponent(name)}`);
  clearAnswer();
  clearReport();
  byId("facts").replaceChildren();
  byId("fields").replaceChildren();
  setReady(false);
  const began = performance.now();
  say(`Loading ${name}, ${size(entry.bytes)} …`);
  const progress = byId("progress");
  progress.hidden = false;
  progress.removeAttribute("value");
  try {
    const base = new URL(`bundles/${encodeURIComponent(name)}/`, document.baseURI).href;
    const bundle = await own.call("open", { base, runtime: entry.runtime, builds: index.litert }, ({ bytes }) => {
      if (engine === own) progress.value = Math.min(1, bytes / entry.bytes);
    });
    const shown = { ...bundle, runtime: RUNTIME_NAMES[entry.runtime] };
    open = opened(own, shown, name);
    showFacts(shown, open.answerer);
    say(`Ready after ${duration(performance.now() - began)}.`);
    setReady(true);
    performance.mark("edgelm-ready");
  } catch (error) {
    if (engine === own) showError(error);
  } finally {
    if (engine === own) progress.hidden = true;
  }
}

function opened(own, bundle, name) {
  const task = taskOf(bundle);
  if (!task) {
    throw new AnswerError({ message: `This page has no screen for the task ${bundle.task}.`, hint: "Choose another bundle." });
  }
  const answerer = CoreAnswerer.isHere() ? new CoreAnswerer(own, task.spans) : new KitAnswerer(own);
  if (answerer instanceof CoreAnswerer) answerer.open(name);
  byId("ask-title").textContent = task.title;
  const fields = new Fields(byId("fields"), task, bundle);
  fields.fill(Object.values(task.examples)[0]);
  return { engine: own, bundle, task, fields, answerer, search: new Search(answerer, own) };
}

function showFacts(bundle, answerer) {
  const facts = {
    Task: bundle.task,
    Precision: bundle.precision,
    Model: `${bundle.runtime}, ${count(bundle.threads, "thread")}`,
    "Tokenizer and decoding": answerer.name,
    "Longest text": count(bundle.maxLength, "token"),
    ...(bundle.labels.length > 1 && { Labels: String(bundle.labels.length) }),
  };
  const rows = Object.entries(facts).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)));
  byId("facts").replaceChildren(...rows);
}

/** Runs one thing at a time, with errors in words and a button to stop it when it takes long. */
async function work(action) {
  if (isBusy || !open) return;
  isBusy = true;
  setReady(false);
  byId("error").replaceChildren();
  const timer = setTimeout(() => (byId("stop").hidden = false), STOP_AFTER_MS);
  try {
    await action(open);
  } catch (error) {
    showError(error);
  } finally {
    clearTimeout(timer);
    show("progress", null);
    show("report-progress", null);
    if (document.activeElement === byId("stop")) byId("run").focus();
    byId("stop").hidden = true;
    isBusy = false;
    setReady(open !== null);
  }
}

/** The worker cannot be asked to stop in the middle of a model, so it is ended and the bundle opened again. */
function stop() {
  openBundle(byId("bundle").value);
}

/** What the answer on the screen is of; null where there is none. */
let shown = null;

async function answer({ bundle, task, fields, answerer, search }) {
  const question = fields.question();
  say("Answering …");
  const found = await answered(question, task, answerer, search);
  clearAnswer();
  const { nodes, summary } = VIEWS[task.view]({ ...found, question, bundle });
  byId("answer").replaceChildren(...nodes);
  byId("times").textContent = timesOf(found);
  say(summary, "spoken");
  shown = { answer: found.answer, text: task.spans && question[task.spans] };
  byId("json").hidden = false;
  showJson();
  byId("answer-card").scrollIntoView({ block: "nearest" });
  performance.mark("edgelm-answered");
}

function answered(question, task, answerer, search) {
  const { lines, ...rest } = question;
  if (task.view === "ranking" && !lines.length) {
    throw new AnswerError({ message: "The list is empty.", hint: "Write one sentence on each line." });
  }
  if (task.isSearch) return search.rank(question, (share) => show("progress", share));
  return answerer.answer(lines ? { ...rest, choices: lines } : rest);
}

function timesOf({ times, tokens, passes }) {
  if (!passes) return `${duration(times.whole)}; every vector was known already.`;
  const parts = `tokenizer ${duration(times.tokenize)}, model ${duration(times.model)}, decoding ${duration(times.decode)}`;
  const runs = passes > 1 ? ` in ${passes} passes` : "";
  return `${duration(times.whole)}: ${parts}. ${count(tokens, "token")}${runs}.`;
}

/** The answer as `edgelm run` prints it, written out only when it is looked at. */
function showJson() {
  if (!shown || !byId("json").open) return;
  const answer = shown.text === undefined ? shown.answer : toCodePoints(shown.answer, shown.text);
  const text = JSON.stringify(answer, null, 2);
  byId("json-text").textContent = text.length > MOST_JSON ? `${text.slice(0, MOST_JSON)} …` : text;
}

async function selfTest({ answerer }) {
  clearReport("Self-test …");
  const { nodes, summary } = selfTestReport(await answerer.selfTest(), answerer.name);
  byId("report").replaceChildren(...nodes);
  tell("report-status", summary, "spoken");
}

/** Of a search what is measured is one text to its vector. */
async function measure({ bundle, task, fields, answerer }) {
  const { lines, linesPrompt, ...question } = fields.question();
  const asked = lines && !task.isSearch ? { ...question, choices: lines } : question;
  clearReport("Benchmark …");
  const result = await benchmark(
    () => answerer.answer(asked),
    (share) => show("report-progress", share),
  );
  const { nodes, summary } = benchmarkReport(result, bundle);
  byId("report").replaceChildren(...nodes);
  tell("report-status", summary, "spoken");
}

/** Says something in a live region; `spoken`: to a screen reader alone, because it stands below already. */
function tell(region, text, kind = "") {
  byId(region).className = kind;
  byId(region).textContent = text;
}

const say = (text, kind) => tell("status", text, kind);

function clearReport(text = "") {
  byId("report").replaceChildren();
  tell("report-status", text);
}

/** How far something is, from 0 to 1; null: it is over. A bar, so that no screen reader says every step of it. */
function show(bar, share) {
  byId(bar).hidden = share === null;
  if (share !== null) byId(bar).value = share;
}

function setReady(isReady) {
  for (const id of ACTIONS) byId(id).setAttribute("aria-disabled", String(!isReady));
}

function clearAnswer() {
  shown = null;
  byId("error").replaceChildren();
  byId("answer").replaceChildren();
  byId("times").textContent = "";
  byId("json").hidden = true;
}

function showError(error) {
  if (error.name === "Stopped") return;
  clearAnswer();
  tell("report-status", "");
  say("");
  const message = el("strong", {}, error.message);
  byId("error").replaceChildren(el("p", { className: "error" }, message, error.hint ? ` ${error.hint}` : ""));
}

start();
