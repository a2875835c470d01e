import { describe, expect, it } from "vitest";
import type { LiveEvent } from "@/api/live";
import {
  type ActionView,
  applyEvents,
  arrivedRows,
  compareRows,
  dropRows,
  findRow,
  insertRows,
  type Pages,
  patchRows,
} from "./rows";

const id = (number: number) => `00000000-0000-7000-8000-${String(number).padStart(12, "0")}`;
const row = (number: number, state = "pending", second = 0) =>
  ({
    id: id(number),
    state,
    votes: [],
    changed_at: `2026-11-20T10:00:${String(second).padStart(2, "0")}Z`,
  }) as never as ActionView;
const pages = (...lists: number[][]): Pages => ({
  pages: lists.map((list, index) => ({
    items: list.map((each) => row(each)),
    next: index < lists.length - 1 ? "x" : null,
  })),
  pageParams: lists.map(() => undefined),
});
const ids = (list: Pages) => list.pages.flatMap((page) => page.items.map((item) => Number(item.id.slice(-12))));

describe("the rows of the Activity", () => {
  it("tells new rows from changed ones", () => {
    const known = pages([9, 8], [7, 5]);
    const { fresh, changed } = compareRows(known, [row(11), row(9), row(8, "approved"), row(6)]);
    expect(fresh.map((each) => each.id)).toEqual([id(11), id(6)]);
    expect(changed.map((each) => each.id)).toEqual([id(8)]);
  });

  it("takes out what the list is not of any more, and still asks for what lies behind", () => {
    const known: Pages = {
      pages: [
        { items: [row(9), row(8, "approved")], next: "8" },
        { items: [row(7)], next: "7" },
        { items: [row(5, "denied")], next: "5" },
      ],
      pageParams: [undefined, "8", "7"],
    };
    expect(dropRows(known, {})).toBe(known);
    expect(dropRows(known, { state: "pending,approved,denied" })).toBe(known);
    const left = dropRows(known, { state: "pending" });
    expect(ids(left)).toEqual([9, 7]);
    expect(left.pages.map(({ next }) => next)).toEqual(["8", "5"]);
    expect(left.pageParams).toEqual([undefined, "8"]);
    expect(dropRows(known, { state: "expired" }).pages).toEqual([{ items: [], next: "5" }]);
  });

  it("leaves rows alone that lie behind what is loaded", () => {
    const known = pages([9, 8]);
    const [page] = known.pages;
    if (page) page.next = "more";
    expect(compareRows(known, [row(3)]).fresh).toEqual([]);
  });

  it("puts rows where they belong, each once, whatever their order", () => {
    const result = insertRows(pages([9, 8], [5, 3]), [row(4), row(12), row(9, "denied"), row(10), row(1)]);
    expect(ids(result)).toEqual([12, 10, 9, 8, 5, 4, 3, 1]);
    expect(findRow(result, id(9))?.state).toBe("denied");
    expect(ids(insertRows(pages([3, 5], [8, 9]), [row(4), row(12)], "oldest"))).toEqual([3, 4, 5, 8, 9, 12]);
    expect(ids(insertRows({ pages: [], pageParams: [] }, [row(1), row(2)]))).toEqual([2, 1]);
  });

  it("keeps the identity of what did not change", () => {
    const known = pages([9, 8], [5, 3]);
    const patched = patchRows(known, [row(5, "denied")]);
    expect(patched.pages[0]).toBe(known.pages[0]);
    expect(patched.pages[1]?.items[1]).toBe(known.pages[1]?.items[1]);
    expect(patchRows(known, [row(77)])).toBe(known);
  });

  it("cuts a page that grew long at the live end, and loses nothing", () => {
    const many = Array.from({ length: 1_000 }, (_, index) => row(index + 10));
    const result = insertRows(pages([2, 1]), many);
    expect(Math.max(...result.pages.map((page) => page.items.length))).toBeLessThanOrEqual(400);
    expect(result.pageParams).toHaveLength(result.pages.length);
    expect(ids(result)).toEqual([...Array.from({ length: 1_000 }, (_, index) => 1_009 - index), 2, 1]);
    expect(result.pages.at(-1)?.next).toBeNull();
  });

  it("takes rows from events where they fit the list", () => {
    const event = (number: number, parts: object = {}) =>
      ({
        action_id: id(number),
        at: "2026-11-20T10:00:01Z",
        request: {
          id: id(number),
          state: "pending",
          agent: "demo",
          agent_id: "a",
          target: "payments",
          target_id: "t",
          action: "POST /charges",
          effect: "write",
          urgency: "high",
          verdict: "ask",
          votes: [],
          created_at: "2026-11-20T10:00:00Z",
          ...parts,
        },
      }) as never as LiveEvent;
    const told = [event(1), event(2, { state: null }), event(1, { state: "approved" })];
    const states = (search: object) => arrivedRows(told, search).map(({ state }) => state);
    expect(states({})).toEqual(["approved"]);
    expect(arrivedRows(told, {})[0]?.changed_at).toBe("2026-11-20T10:00:01Z");
    for (const fitting of [{ state: "approved,denied" }, { agent: "a", target: "payments" }, { action: "post *" }]) {
      expect(states(fitting)).toHaveLength(1);
    }
    for (const other of [{ state: "pending" }, { q: "charges" }, { agent: "other" }, { urgency: "low" }]) {
      expect(states(other)).toEqual([]);
    }
    expect(states({ action: "*charges" })).toHaveLength(1);
    expect(states({ action: "p*/*s" })).toHaveLength(1);
    expect(states({ action: "*charge" })).toEqual([]);
    expect(states({ until: "2026-11-20T10:00:00Z" })).toEqual([]);
  });

  it("follows events, but not back in time", () => {
    const event = (state: string | null, second: number) =>
      ({
        action_id: id(8),
        at: `2026-11-20T10:00:${String(second).padStart(2, "0")}Z`,
        request: { state },
      }) as never as LiveEvent;
    const known = pages([9, 8]);
    const approved = applyEvents(known, [event("approved", 5), event(null, 6)]);
    expect(findRow(approved, id(8))?.state).toBe("approved");
    expect(applyEvents(approved, [event("pending", 4)])).toBe(approved);
    expect(findRow(applyEvents(approved, [event("executing", 6), event("succeeded", 7)]), id(8))?.state).toBe(
      "succeeded",
    );
  });
});
