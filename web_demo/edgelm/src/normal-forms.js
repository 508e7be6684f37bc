// @ts-check
/** Unicode's normal forms, with what each character does to the text it is made of. */

import { Edits } from "./normalized.js";
import { codeAt, HAS_CLASS, HAS_NFD, HAS_NFKD, hasAny, unicode } from "./unicode.js";

/** @typedef {import("./normalized.js").Normalized} Normalized */

const HANGUL = 0xac00;
const LEADS = 0x1100;
const VOWELS = 0x1161;
const TRAILS = 0x11a7;
const LEAD_COUNT = 19;
const VOWEL_COUNT = 21;
const TRAIL_COUNT = 28;
const SYLLABLES = LEAD_COUNT * VOWEL_COUNT * TRAIL_COUNT;

/**
 * The parts of a Hangul syllable.
 *
 * @param {number} code
 * @returns {number[]}
 */
function hangulParts(code) {
  const index = code - HANGUL;
  const parts = [
    LEADS + Math.floor(index / (VOWEL_COUNT * TRAIL_COUNT)),
    VOWELS + Math.floor((index % (VOWEL_COUNT * TRAIL_COUNT)) / TRAIL_COUNT),
  ];
  if (index % TRAIL_COUNT !== 0) parts.push(TRAILS + (index % TRAIL_COUNT));
  return parts;
}

/** @type {(code: number) => boolean} */
const isSyllable = (code) => code >= HANGUL && code < HANGUL + SYLLABLES;

/**
 * The one character that two make together, or undefined.
 *
 * @param {number} first
 * @param {number} second
 * @returns {number | undefined}
 */
function composed(first, second) {
  const lead = first - LEADS;
  const vowel = second - VOWELS;
  if (lead >= 0 && lead < LEAD_COUNT && vowel >= 0 && vowel < VOWEL_COUNT) {
    return HANGUL + (lead * VOWEL_COUNT + vowel) * TRAIL_COUNT;
  }
  const trail = second - TRAILS;
  if (isSyllable(first) && (first - HANGUL) % TRAIL_COUNT === 0 && trail > 0 && trail < TRAIL_COUNT) {
    return first + trail;
  }
  return unicode().compose.get(first * 0x110000 + second);
}

/** Characters in their order, each with its change (see Edits) and its combining class. */
class Run {
  constructor() {
    /** @type {[number, number, number][]} code, change, class; those whose order is not known yet */
    this.pending = [];
    this.edits = new Edits();
    /** @type {number[]} */
    this.classes = [];
  }

  /**
   * @param {number} code
   * @param {number} change
   */
  add(code, change) {
    const { ccc, properties } = unicode();
    const rank = properties.get(code) & HAS_CLASS ? ccc.get(code) : 0;
    if (rank === 0) {
      this.settle();
      this.push(code, change, 0);
    } else this.pending.push([code, change, rank]);
  }

  /** Marks go behind their character in the order of their classes; equal ones stay as they were. */
  settle() {
    if (this.pending.length === 0) return;
    this.pending.sort((one, other) => one[2] - other[2]);
    for (const [code, change, rank] of this.pending) this.push(code, change, rank);
    this.pending = [];
  }

  /**
   * @param {number} code
   * @param {number} change
   * @param {number} rank
   */
  push(code, change, rank) {
    this.edits.add(code, change);
    this.classes.push(rank);
  }
}

/**
 * @param {string} text
 * @param {Map<number, number[]>} map full decompositions
 * @returns {Run}
 */
function decomposed(text, map) {
  const run = new Run();
  for (let i = 0; i < text.length; i++) {
    const code = codeAt(text, i);
    if (code > 0xffff) i++;
    const parts = isSyllable(code) ? hangulParts(code) : map.get(code);
    if (parts === undefined) run.add(code, 0);
    else parts.forEach((part, place) => run.add(part, place === 0 ? 0 : 1));
  }
  run.settle();
  return run;
}

/**
 * Canonical composition: a character takes in the marks behind it that no other of at least their class keeps from it.
 *
 * @param {Run} run
 * @returns {Edits}
 */
function recomposed({ edits: { codes, changes }, classes }) {
  const result = new Edits();
  /** @type {[number, number] | null} */
  let starter = null;
  /** @type {[number, number][]} */
  let blocked = [];
  let lastClass = -1;
  const flush = () => {
    if (starter !== null) result.add(...starter);
    for (const item of blocked) result.add(...item);
    blocked = [];
    lastClass = -1;
  };
  for (let i = 0; i < codes.length; i++) {
    const rank = classes[i];
    if (starter === null) {
      if (rank === 0) starter = [codes[i], changes[i]];
      else result.add(codes[i], changes[i]);
      continue;
    }
    /** @type {number | undefined} */
    const joined = lastClass < rank || lastClass < 0 ? composed(starter[0], codes[i]) : undefined;
    if (joined !== undefined) {
      starter = [joined, starter[1] + changes[i] - 1];
    } else if (rank === 0) {
      flush();
      starter = [codes[i], changes[i]];
    } else {
      blocked.push([codes[i], changes[i]]);
      lastClass = rank;
    }
  }
  flush();
  return result;
}

/** What a text must hold to be changed by a form at all: for composition also what may be taken in. */
const HANGUL_TEXT = /[\u1100-\u11ff\uac00-\ud7a3]/;

/**
 * @param {Normalized} normalized
 * @param {"nfd" | "nfkd"} form
 * @param {boolean} composes
 * @returns {Normalized}
 */
function normalForm(normalized, form, composes) {
  const bits = HAS_CLASS | (form === "nfd" ? HAS_NFD : HAS_NFKD);
  const { text } = normalized;
  if (isLatin(text, form) || (!hasAny(text, bits) && !HANGUL_TEXT.test(text) && !(composes && mayCompose(text)))) {
    return normalized;
  }
  const run = decomposed(text, unicode()[form]);
  return normalized.edited(composes ? recomposed(run) : run.edits);
}

/**
 * Whether a text is of characters alone that no form changes.
 *
 * @param {string} text
 * @param {"nfd" | "nfkd"} form
 * @returns {boolean}
 */
function isLatin(text, form) {
  const limit = form === "nfd" ? 0xc0 : 0xa0;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= limit) return false;
  return true;
}

/** @type {Set<number> | undefined} */
let seconds;

/**
 * Whether any character of a text may be taken in by the one before it.
 *
 * @param {string} text
 * @returns {boolean}
 */
function mayCompose(text) {
  seconds ??= new Set([...unicode().compose.keys()].map((key) => key % 0x110000));
  for (const character of text) if (seconds.has(codeAt(character))) return true;
  return false;
}

/** @type {Record<"NFC" | "NFD" | "NFKC" | "NFKD", (normalized: Normalized) => Normalized>} */
export const NORMAL_FORMS = {
  NFC: (normalized) => normalForm(normalized, "nfd", true),
  NFD: (normalized) => normalForm(normalized, "nfd", false),
  NFKC: (normalized) => normalForm(normalized, "nfkd", true),
  NFKD: (normalized) => normalForm(normalized, "nfkd", false),
};
