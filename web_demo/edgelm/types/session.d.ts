/** A bundle that answers: its tokenizer, its model in a runtime, its decode rules. */
import { PaddedRunner } from "./tensors.js";
export type Bundle = import("./bundle.js").Bundle;
export type Encoding = import("./encoding.js").Encoding;
export type Asked = import("./tasks.js").Asked;
export type Question = import("./tasks.js").Question;
export type Text = import("./tasks.js").Text;
export type Runner = import("./tensors.js").Runner;
export type Tensors = import("./tensors.js").Tensors;
export type Prepared = {
    asked: Asked;
    rows: Encoding[];
    inputs: Tensors[];
};
/** A bundle ready to answer. */
export declare class Session {
    bundle: import("./bundle.js").Bundle;
    tokenizer: import("./tokenizer.js").Tokenizer;
    runner: PaddedRunner;
    /**
     * @param {Bundle} bundle
     * @param {import("./tokenizer.js").Tokenizer} tokenizer
     * @param {Runner} runner of the bundle's model
     */
    constructor(bundle: Bundle, tokenizer: import("./tokenizer.js").Tokenizer, runner: Runner);
    /**
     * @param {Bundle} bundle
     * @param {Runner} runner
     * @returns {Promise<Session>}
     */
    static open(bundle: Bundle, runner: Runner): Promise<Session>;
    /**
     * The answer as Hugging Face's pipeline of the task gives it, with places in UTF-16 code units; answers with scores
     * are a list, best first.
     *
     * @param {Question} question
     * @returns {Promise<any>}
     */
    answer(question: Question): Promise<any>;
    /**
     * What the model is to be run on for a question; InputError where it cannot be answered.
     *
     * @param {Question} question
     * @returns {Prepared}
     */
    prepare(question: Question): Prepared;
    /**
     * The answer to a prepared question.
     *
     * @param {Prepared} prepared
     * @param {Tensors[]} outputs of the model for each of the prepared inputs
     * @returns {any}
     */
    finish({ asked, rows }: Prepared, outputs: Tensors[]): any;
    /**
     * Replays the bundle's golden inputs on the runtime.
     *
     * @param {number} [repeat] timed runs of each case
     * @returns {Promise<import("./self-test.js").SelfTest>}
     */
    selfTest(repeat?: number): Promise<import("./self-test.js").SelfTest>;
    /**
     * @param {Asked} asked
     * @returns {import("./tasks.js").Task}
     */
    task({ choices }: Asked): import("./tasks.js").Task;
    /**
     * @param {Asked} asked
     * @param {string[]} takes
     */
    refuseSurplus(asked: Asked, takes: string[]): void;
    /**
     * What the model reads: windows of a question's context, or the texts, cut where they may be.
     *
     * @param {Asked} asked
     * @param {Text[]} texts
     * @returns {Encoding[]}
     */
    rows({ truncate }: Asked, texts: Text[]): Encoding[];
    /**
     * @param {Text} text
     * @param {boolean} truncate
     * @returns {Encoding}
     */
    fitting([text, pair]: Text, truncate: boolean): Encoding;
    /**
     * @param {Encoding} encoding
     * @returns {Tensors}
     */
    inputs(encoding: Encoding): Tensors;
}
