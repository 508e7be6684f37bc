/** The errors a kit throws, the same in every language: what happened, and in `hint` the next step. */
/** Base of every error that the kit throws on purpose. */
export declare class EdgelmError extends Error {
    kind: string;
    hint: string;
    /**
     * @param {string} kind a name for programs, such as `missingFile`
     * @param {string} message what happened
     * @param {string} [hint] the next step
     */
    constructor(kind: string, message: string, hint?: string);
}
/** A bundle that cannot be read: `notABundle`, `newerSchema`, `missingFile`, `changedFile` or `damaged`. */
export declare class BundleError extends EdgelmError {
}
/** A tokenizer component, a task or a model that this kit does not read; the message names it. */
export declare class UnsupportedError extends EdgelmError {
}
/** A question that cannot be answered, such as an empty text or one that is too long. */
export declare class InputError extends EdgelmError {
}
/**
 * @param {string} message
 * @returns {BundleError}
 */
export declare const damaged: (message: string) => BundleError;
/**
 * @param {string} what the component, as its file names it
 * @returns {UnsupportedError}
 */
export declare const unsupported: (what: string) => UnsupportedError;
/**
 * What a vendor's runtime threw, as an error of the kit.
 *
 * @param {string} doing
 * @returns {(error: unknown) => never}
 */
export declare const refusedWhile: (doing: string) => (error: unknown) => never;
