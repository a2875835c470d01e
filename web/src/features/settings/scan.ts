/** The scanner's settings. `docs/openapi.json` does not name them yet. */
export interface ScanSettings {
  input: Channel<"off" | "warn" | "block">;
  tool_output: Channel<"off" | "warn" | "taint">;
  taint_minutes: number;
}

interface Channel<Mode> {
  mode: Mode;
  /** From which score on; `null`: as shipped. */
  warn: number | null;
  block: number | null;
}

export interface ScanChange {
  input?: Partial<ScanSettings["input"]>;
  tool_output?: Partial<ScanSettings["tool_output"]>;
  taint_minutes?: number;
}

/** What holds where nothing is set: of `crates/scan/weights/REPORT.md` and the gate's defaults. */
export const SHIPPED = { warn: 0.937, block: 0.995, taintMinutes: 30, input: "warn", output: "taint" } as const;

/** Every finding that was called wrong, as JSON Lines. */
export const CASES_PATH = "/api/v1/scan/cases";
export const CASES_NAME = "countersign-scan-cases.jsonl";
