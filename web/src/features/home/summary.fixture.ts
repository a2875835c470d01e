import type { Summary } from "./summary";

export const NOW = Date.parse("2026-11-20T12:00:00Z");

/** A gateway where all is well. */
export function calm(): Summary {
  return {
    at: "2026-11-20T12:00:00Z",
    ready: true,
    problems: [],
    pending: 0,
    pending_by_urgency: [],
    running: 0,
    kills: [],
    revoked_keys: [],
    failures: [],
    ledger: {
      state: "sound",
      takes_entries: true,
      entries: 100,
      oldest_position: 0,
      last_entry_at: "2026-11-20T11:59:00Z",
      checkpoint_entries: 100,
      checkpoint_at: "2026-11-20T11:00:00Z",
      unsealed_millis: 0,
    },
    last_day: { allow: 5, ask: 2, deny: 1 },
    hours: [],
    agents: 1,
    targets: 1,
  };
}
