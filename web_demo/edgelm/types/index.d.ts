/** Answers texts with a bundle that edgelm exported, as `edgelm run` does. */
export { Bundle, openTokenizer, SCHEMA_VERSION } from "./bundle.js";
export { Encoding } from "./encoding.js";
export { BundleError, EdgelmError, InputError, UnsupportedError } from "./errors.js";
export { httpFiles, memoryFiles } from "./files.js";
export { Session } from "./session.js";
export { sha256, sha256Fallback } from "./sha256.js";
export { cosine } from "./tasks.js";
export { PaddedRunner } from "./tensors.js";
export { Tokenizer } from "./tokenizer.js";
export type TensorSpec = import("./bundle.js").TensorSpec;
export type Offsets = import("./encoding.js").Offsets;
export type Entity = import("./entities.js").Entity;
export type LabelledToken = import("./entities.js").LabelledToken;
export type Files = import("./files.js").Files;
export type SelfTest = import("./self-test.js").SelfTest;
export type SignatureReport = import("./self-test.js").SignatureReport;
export type Prepared = import("./session.js").Prepared;
export type SpanAnswer = import("./spans.js").SpanAnswer;
export type Labelled = import("./tasks.js").Labelled;
export type Question = import("./tasks.js").Question;
export type Runner = import("./tensors.js").Runner;
export type Tensor = import("./tensors.js").Tensor;
export type Tensors = import("./tensors.js").Tensors;
/** @typedef {import("./bundle.js").TensorSpec} TensorSpec */
/** @typedef {import("./encoding.js").Offsets} Offsets */
/** @typedef {import("./entities.js").Entity} Entity */
/** @typedef {import("./entities.js").LabelledToken} LabelledToken */
/** @typedef {import("./files.js").Files} Files */
/** @typedef {import("./self-test.js").SelfTest} SelfTest */
/** @typedef {import("./self-test.js").SignatureReport} SignatureReport */
/** @typedef {import("./session.js").Prepared} Prepared */
/** @typedef {import("./spans.js").SpanAnswer} SpanAnswer */
/** @typedef {import("./tasks.js").Labelled} Labelled */
/** @typedef {import("./tasks.js").Question} Question */
/** @typedef {import("./tensors.js").Runner} Runner */
/** @typedef {import("./tensors.js").Tensor} Tensor */
/** @typedef {import("./tensors.js").Tensors} Tensors */
