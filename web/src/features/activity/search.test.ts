import { describe, expect, it } from "vitest";
import { countFilters, listOf, parseActivitySearch, STATES, toParameters } from "./search";

describe("the address of the Activity", () => {
  it("takes what the router made of a number or a truth value as text", () => {
    expect(parseActivitySearch({ q: 1042 }).q).toBe("1042");
    expect(parseActivitySearch({ q: true }).q).toBe("true");
    expect(parseActivitySearch({ q: { a: 1 } }).q).toBeUndefined();
  });

  it("keeps known words only, each once, in the known order", () => {
    expect(parseActivitySearch({ state: "denied,nonsense,pending,denied" }).state).toBe("pending,denied");
    expect(parseActivitySearch({ verdict: ["deny", "allow"] }).verdict).toBe("allow,deny");
    expect(listOf("", STATES)).toBeUndefined();
  });

  it("takes presets and points in time, nothing else", () => {
    expect(parseActivitySearch({ since: "24h" }).since).toBe("24h");
    expect(parseActivitySearch({ since: "yesterday" }).since).toBeUndefined();
    expect(parseActivitySearch({ until: "2026-11-20T10:00:00Z" }).until).toBe("2026-11-20T10:00:00.000Z");
    expect(parseActivitySearch({ until: "24h" }).until).toBeUndefined();
  });

  it("is the same when it is read again", () => {
    const once = parseActivitySearch({ q: " refund ", state: "pending", since: "7d", order: "oldest", agent: "a" });
    expect(parseActivitySearch({ ...once })).toEqual(once);
  });

  it("counts filters, a stretch of time as one, the order as none", () => {
    expect(countFilters({})).toBe(0);
    expect(countFilters({ order: "oldest" })).toBe(0);
    expect(countFilters({ q: "x", state: "pending,denied", since: "24h", until: "2026-11-20T10:00:00.000Z" })).toBe(3);
  });

  it("reckons a preset from now", () => {
    const now = Date.parse("2026-11-20T12:00:00Z");
    expect(toParameters({ since: "1h", q: undefined }, now)).toEqual({ since: "2026-11-20T11:00:00.000Z" });
  });
});
