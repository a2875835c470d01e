import type { Schemas } from "@/api/client";

/** What holds where nothing is set: of `crates/scan/weights/REPORT.md` and the gate's defaults. */
export const SHIPPED = {
  warn: 0.937,
  block: 0.995,
  taintMinutes: 30,
  input: "warn" satisfies Schemas["InputScanMode"],
  output: "taint" satisfies Schemas["OutputScanMode"],
} as const;

/** Every finding that was called wrong, as JSON Lines. */
export const CASES_PATH = "/api/v1/scan/cases";
export const CASES_NAME = "countersign-scan-cases.jsonl";
