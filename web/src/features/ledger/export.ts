/** The whole ledger as JSON Lines: the browser writes it to disk as it comes. */
export const EXPORT_PATH = "/api/v1/audit/export";
export const EXPORT_NAME = "countersign-ledger.jsonl";
