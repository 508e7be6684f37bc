export declare const UNICODE_DATA: string;
