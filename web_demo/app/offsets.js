// Where an answer stands in a text, in UTF-16 code units (JavaScript's) or in code points (Python's and edgelm.json's).

/** The number of code points before each UTF-16 place of a text. */
function codePointsBefore(text) {
  const before = new Uint32Array(text.length + 1);
  let points = 0;
  for (let place = 0; place < text.length; place++) {
    before[place] = points;
    const isPair = (text.codePointAt(place) ?? 0) > 0xffff;
    if (isPair) before[++place] = points; // the second half of a pair belongs to the same code point
    points++;
  }
  before[text.length] = points;
  return before;
}

/** The UTF-16 place of each code point of a text, and its end. */
function utf16Places(text) {
  const places = [];
  for (let place = 0; place < text.length; place += text.codePointAt(place) > 0xffff ? 2 : 1) places.push(place);
  return [...places, text.length];
}

/** An answer with every `start` and `end` in it, however deep, replaced by `places[...]`. */
function replaced(answer, places) {
  if (Array.isArray(answer)) return answer.map((part) => replaced(part, places));
  if (answer === null || typeof answer !== "object") return answer;
  const parts = Object.entries(answer).map(([key, value]) => [
    key,
    key === "start" || key === "end" ? places[value] : replaced(value, places),
  ]);
  return Object.fromEntries(parts);
}

/** An answer of the JavaScript kit as Python's `Session.answer` gives it. */
export const toCodePoints = (answer, text) => replaced(answer, codePointsBefore(text));

/** An answer in code points, as the Kotlin core sends it, with places of a JavaScript string. */
export const toUtf16 = (answer, text) => replaced(answer, utf16Places(text));
