/** What of the gateway's problems is about the ledger, and what it is called. */
const TITLES: Record<string, string> = {
  ledger_contradicts_checkpoints: "The ledger contradicts its checkpoints: it takes no entries",
  checkpoint_not_written: "A checkpoint could not be written",
  entries_unsealed: "Entries wait for their place in the ledger",
  store_failed: "The store has failed",
  store_refuses_writes: "The store takes nothing more",
};

export function isLedgerAlarm(code: string): boolean {
  return code in TITLES;
}

export function alarmTitle(code: string): string {
  return TITLES[code] ?? code.replaceAll("_", " ");
}
