// @ts-check
/** The errors a kit throws, the same in every language: what happened, and in `hint` the next step. */

/** Base of every error that the kit throws on purpose. */
export class EdgelmError extends Error {
  /**
   * @param {string} kind a name for programs, such as `missingFile`
   * @param {string} message what happened
   * @param {string} [hint] the next step
   */
  constructor(kind, message, hint = "") {
    super(message);
    this.name = new.target.name;
    this.kind = kind;
    this.hint = hint;
  }
}

/** A bundle that cannot be read: `notABundle`, `newerSchema`, `missingFile`, `changedFile` or `damaged`. */
export class BundleError extends EdgelmError {}

/** A tokenizer component, a task or a model that this kit does not read; the message names it. */
export class UnsupportedError extends EdgelmError {}

/** A question that cannot be answered, such as an empty text or one that is too long. */
export class InputError extends EdgelmError {}

const EXPORT_AGAIN = "Export it again.";

/**
 * @param {string} message
 * @returns {BundleError}
 */
export const damaged = (message) => new BundleError("damaged", message, EXPORT_AGAIN);

/**
 * @param {string} what the component, as its file names it
 * @returns {UnsupportedError}
 */
export const unsupported = (what) =>
  new UnsupportedError("unsupported", `This kit does not read ${what}.`, "Update edgelm, or export another model.");

/**
 * What a vendor's runtime threw, as an error of the kit.
 *
 * @param {string} doing
 * @returns {(error: unknown) => never}
 */
export const refusedWhile = (doing) => (error) => {
  const reason = error instanceof Error ? error.message : String(error);
  throw new UnsupportedError("runtime", `The runtime failed ${doing}: ${reason}`, "Does its version read this model?");
};
