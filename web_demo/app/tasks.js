// What each task asks for and how its answer is shown: data, so that a new task is a new row.

const EN_REVIEW = "The battery died after three weeks, but the screen is the best I have ever seen.";
const ZH_REVIEW = "电池三个星期就坏了，不过屏幕是我见过最好的。";
const EN_NEWS = "Marie Curie was born in Warsaw and won the Nobel Prize twice before she died in France.";
const ZH_NEWS = "居里夫人出生于华沙，两次获得诺贝尔奖，后来在法国去世。";
const EN_LINES = [
  "How do I reset my password?",
  "The parcel has not arrived yet.",
  "Can I pay by bank transfer?",
  "I cannot sign in to my account.",
  "What are your opening hours?",
].join("\n");
const ZH_LINES = ["怎么重置密码？", "包裹还没有到。", "可以银行转账付款吗？", "我登录不了账号。", "你们几点开门？"].join("\n");

const TEXT = { name: "text", label: "Text", rows: 4 };
const SECOND = { name: "pair", label: "Second text", rows: 2, optional: "Add a second text" };

/**
 * `fields`: the texts a person gives (`lines`: one per line, for `choices` of a question or the list that is searched);
 * `options`: what may be set beside them; `spans`: the text in which the answer's places are; `view`: see views.js;
 * `isSearch`: the answer is put together by search.js; `examples`: by the name of their button.
 */
export const TASKS = {
  "text-classification": {
    title: "Text classification",
    fields: [TEXT, SECOND],
    options: ["truncate"],
    view: "labels",
    examples: { English: { text: EN_REVIEW }, 中文: { text: ZH_REVIEW } },
  },
  "token-classification": {
    title: "Entities in a text",
    fields: [TEXT],
    options: ["aggregation", "truncate"],
    spans: "text",
    view: "entities",
    examples: { English: { text: EN_NEWS }, 中文: { text: ZH_NEWS } },
  },
  "intent-and-slots": {
    title: "Intent and slots",
    fields: [{ ...TEXT, rows: 2 }],
    options: ["truncate"],
    spans: "text",
    view: "intent",
    examples: {
      English: { text: "play the newest album by nina simone" },
      中文: { text: "帮我订一张明天去上海的票" },
    },
  },
  "question-answering": {
    title: "Question answering",
    fields: [
      { name: "text", label: "Question", rows: 1 },
      { name: "pair", label: "Context", rows: 6 },
    ],
    options: [],
    spans: "pair",
    topK: 3,
    view: "span",
    examples: {
      English: { text: "Where was Marie Curie born?", pair: EN_NEWS },
      中文: { text: "居里夫人出生在哪里？", pair: ZH_NEWS },
    },
  },
  "multiple-choice": {
    title: "Multiple choice",
    fields: [TEXT, { name: "lines", label: "Choices, one per line", rows: 4 }],
    options: ["truncate"],
    view: "labels",
    examples: {
      English: { text: "It began to rain, so she", lines: "opened her umbrella.\nwatered the garden.\nbought a piano." },
      中文: { text: "下雨了，所以她", lines: "打开了雨伞。\n去浇花。\n买了一架钢琴。" },
    },
  },
  "fill-mask": {
    title: "Fill the mask",
    fields: [{ ...TEXT, rows: 2, mask: true }],
    options: ["truncate"],
    view: "fills",
    examples: { English: { text: "The capital of France is {mask}." }, 中文: { text: "中国的首都是{mask}京。" } },
  },
  "feature-extraction": {
    title: "A vector for each token",
    fields: [TEXT, SECOND],
    options: ["truncate"],
    view: "vectors",
    examples: { English: { text: EN_REVIEW }, 中文: { text: ZH_REVIEW } },
  },
  "sentence-similarity": {
    title: "Similarity search",
    fields: [
      { name: "text", label: "Search for", rows: 2 },
      { name: "lines", label: "Sentences to search, one per line", rows: 6 },
    ],
    options: ["prompt", "linesPrompt", "truncate"],
    view: "ranking",
    isSearch: true,
    examples: {
      English: { text: "I forgot my login", lines: EN_LINES },
      中文: { text: "忘记密码了", lines: ZH_LINES },
    },
  },
};

/** A classifier of one label scores a query against documents. */
const RANKING = {
  title: "Ranking of documents",
  fields: [
    { name: "text", label: "Query", rows: 2 },
    { name: "lines", label: "Documents, one per line", rows: 6 },
  ],
  options: ["truncate"],
  view: "ranking",
  examples: TASKS["sentence-similarity"].examples,
};

/** The row of a bundle's task; undefined for a task this page does not know. */
export function taskOf({ task, labels }) {
  return task === "text-classification" && labels.length === 1 ? RANKING : TASKS[task];
}
