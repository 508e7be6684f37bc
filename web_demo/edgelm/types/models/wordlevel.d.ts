import { Word } from "../pieces.js";
import { Model } from "./model.js";
/** A token for each whole word. */
export declare class WordLevel extends Model {
    unknown: string;
    /** @param {import("../json.js").JsonObject} setting */
    constructor(setting: import("../json.js").JsonObject);
    /**
     * @override
     * @param {string} text
     * @returns {Word}
     */
    cut(text: string): Word;
}
