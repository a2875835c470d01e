import { describe, expect, it } from "vitest";
import { checkPattern, patternMatches, patternsMeet } from "./pattern";

describe("an action pattern", () => {
  it.each([
    ["GET /charges/*", "GET /charges/ch_1", true],
    ["GET /charges/*", "GET /charges", false],
    ["GET /charges/*", "GET /charges/ch_1/refunds", false],
    ["GET /charges/*", "POST /charges/ch_1", false],
    ["GET /**", "GET /", true],
    ["GET /a/**/z", "GET /a/b/c/z", true],
    ["GET /a/**/z", "GET /a/b/c", false],
    ["* /users/5", "DELETE /users/5/", true],
    ["GET /caf%C3%A9", "GET /café", true],
    ["list_*", "list_keys", true],
    ["list_*", "GET /list_keys", false],
    ["**", "restart", true],
    ["GET /a/*", "GET /a/b%2Fc", false],
  ])("%s on %s: %s", (pattern, action, isMatch) => {
    expect(patternMatches(pattern, action)).toBe(isMatch);
  });

  it.each(["", "/charges", "get /charges", "GET charges", "GET /a//b", "GET /a/../b", "GET /ch_*", "a*b"])(
    "refuses %j with a reason",
    (pattern) => expect(checkPattern(pattern)).toEqual(expect.any(String)),
  );

  it.each([
    ["GET /charges/*", "GET /**", true],
    ["* /charges", "POST /**", true],
    ["POST /charges", "GET /**", false],
    ["restart", "GET /**", false],
    ["**", "DELETE /**", true],
    ["list_*", "list_keys", true],
  ])("%s and what is offered as %s have actions in common: %s", (pattern, offered, do_meet) => {
    expect(patternsMeet(pattern, offered)).toBe(do_meet);
  });
});
