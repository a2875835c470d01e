import { describe, expect, it } from "vitest";
import { stretchesOf } from "./Chain";
import { checkpointOf, fingerprintOf } from "./checkpoints";
import { type Entry, type EntryPages, entryParameters, fits, prependEntries, subjectWords } from "./entries";
import { countLedgerFilters, type LedgerSearch, parseLedgerSearch } from "./search";

const entry = (position: number, part: Partial<Entry> = {}) =>
  ({ position, kind: "action.asked", actor: "system", at: "2026-11-20T10:00:00Z", ...part }) as Entry;
const AGENT = "agent:01a1f895-e0e1-759d-a2de-059d4f4ee56c";

describe("the address of the Ledger", () => {
  it("takes positions, and no nonsense", () => {
    expect(parseLedgerSearch({ from: 12, to: "90", entry: "-1" })).toMatchObject({
      from: 12,
      to: 90,
      entry: undefined,
    });
    expect(parseLedgerSearch({ action: "x", actor: "somebody", kind: "a b" })).toEqual({});
    expect(parseLedgerSearch({ actor: AGENT }).actor).toBe(AGENT);
  });

  it("counts a range as one filter, and no open entry", () => {
    expect(countLedgerFilters({ from: 1, to: 2, entry: 7, tab: "checkpoints", kind: "action." })).toBe(2);
  });
});

describe("ledger entries", () => {
  it("asks for both ends of a range, entry 0 among them, from either end", () => {
    const ask = (search: LedgerSearch) => entryParameters(search, undefined, 10);
    expect(ask({})).toMatchObject({ order: "newest", after: undefined, before: undefined });
    expect(ask({ from: 5, to: 9 })).toMatchObject({ order: "oldest", after: 4, before: 10 });
    expect(ask({ from: 0, to: 9 })).toMatchObject({ order: "oldest", after: undefined, before: 10 });
    expect(ask({ from: 5, order: "newest" })).toMatchObject({ order: "newest", after: 4 });
    expect(ask({ order: "oldest" })).toMatchObject({ order: "oldest", after: undefined });
  });

  it("takes from the live stream what the filters take", () => {
    const one = entry(7, { kind: "config.agent.created", actor: AGENT });
    expect(fits(one, {})).toBe(true);
    expect(fits(one, { kind: "config.", actor: AGENT, to: 7 })).toBe(true);
    expect(fits(one, { kind: "action." })).toBe(false);
    expect(fits(one, { to: 6 })).toBe(false);
    expect(fits(one, { since: "2026-11-20T10:00:01Z" })).toBe(false);
    expect(fits(one, { until: "2026-11-20T10:00:00Z" })).toBe(false);
  });

  it("puts new entries first, each once", () => {
    const pages: EntryPages = { pages: [{ items: [entry(5), entry(4)] }, { items: [entry(3)] }], pageParams: [] };
    const grown = prependEntries(pages, [entry(6), entry(5), entry(7), entry(6)]);
    expect(grown.pages.flatMap((page) => page.items.map((each) => each.position))).toEqual([7, 6, 5, 4, 3]);
    expect(prependEntries(pages, [entry(5)])).toBe(pages);
  });

  it("names what an entry is about", () => {
    const names = { [AGENT]: "shop" };
    expect(subjectWords(names, AGENT)).toBe("agent shop");
    expect(subjectWords({}, AGENT)).toBe("agent ...4f4ee56c");
    expect(subjectWords(names, `${AGENT} shop on payments: GET /x`)).toBe("agent shop on payments: GET /x");
    const key = AGENT.replace("agent", "key");
    expect(subjectWords(names, `${key} k9 of ${AGENT}`)).toBe("key k9 of agent shop");
    expect(subjectWords({}, `${key} k9 of ${AGENT}`)).toBe("key k9 of agent ...4f4ee56c");
    expect(subjectWords(names, "audit")).toBe("audit");
  });
});

describe("checkpoints", () => {
  it("are read from their signed notes", () => {
    const note = "countersign/1\n11\nROOT=\nchain C\ntime T\n\n— countersign/1 S\n";
    expect(checkpointOf({ size: 11, at: "T", note })).toEqual({ size: 11, at: "T", note, root: "ROOT=" });
    expect(fingerprintOf("countersign/1+4a5f4625+AR=")).toBe("4a5f4625");
  });

  it("share the line out without gaps", () => {
    const made = (size: number) => ({ size, at: "", note: "", root: "" });
    const line = stretchesOf({ first: 20, last: 99 }, [made(80), made(50), made(79.9)]);
    expect(line).toMatchObject({ pruned: 20, sealed: 60, open: 20, sealedEntries: 60, openEntries: 20 });
    expect(line.ticks.map(({ at }) => at)).toEqual([80, 50]);
    expect(stretchesOf({ first: 0, last: -1 }, [])).toMatchObject({ sealed: 0, openEntries: 0 });
  });
});
