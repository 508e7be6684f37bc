/** How each task is answered: the texts of a question, and the answer from what the model says of them. */
export type Encoding = import("./encoding.js").Encoding;
export type Session = import("./session.js").Session;
export type Output = import("./tensors.js").Output;
export type Question = {
    text: string;
    /**
     * the second text of a pair; the context of a question
     */
    pair?: string | null;
    /**
     * what may follow the text; the documents that are ranked by it
     */
    choices?: string[];
    /**
     * how many answers; null or absent: the task's own number
     */
    topK?: number | null;
    /**
     * of entities: `none`, `simple` (the default), `first`, `average` or `max`
     */
    aggregation?: string;
    /**
     * whether a text that is too long may be cut
     */
    truncate?: boolean;
    /**
     * the name of the bundle's prompt that goes before each text
     */
    prompt?: string | null;
};
export type Asked = Required<Question>;
export type Text = [string, string | null];
export type Outputs = Record<string, Output>;
export type Labelled = {
    label: string;
    score: number;
};
export type Task = {
    texts: (asked: Asked) => Text[];
    answer: (session: Session, asked: Asked, rows: Encoding[], outputs: Outputs[]) => any;
    /**
     * what may stand beside a text
     */
    takes: string[];
};
/**
 * Cosine similarity of two vectors.
 *
 * @param {ArrayLike<number>} left
 * @param {ArrayLike<number>} right as long
 * @returns {number}
 */
export declare function cosine(left: ArrayLike<number>, right: ArrayLike<number>): number;
/** @type {Task} of a bundle that scores pairs and is given documents */
export declare const RANKING: Task;
/** @type {Record<string, Task>} by Hugging Face's names */
export declare const TASKS: Record<string, Task>;
/**
 * The question with the bundle's prompt before each of its texts.
 *
 * @param {Asked} asked
 * @param {unknown} prompts the manifest's `prompts`, where it has any
 * @param {(text: string) => boolean} isBlank
 * @returns {Asked}
 */
export declare function prompted(asked: Asked, prompts: unknown, isBlank: (text: string) => boolean): Asked;
