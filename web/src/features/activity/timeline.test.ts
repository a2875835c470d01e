import { describe, expect, it } from "vitest";
import type { Schemas } from "@/api/client";
import { inputParts } from "./input";
import { outcomeWords, stepsOf, waitsFor } from "./timeline";

const step = (part: Partial<Schemas["StepView"]>) =>
  ({
    actor: { kind: "operator", name: "owner" },
    at: "2026-11-20T10:00:00Z",
    position: 1,
    kind: "action.asked",
    ...part,
  }) as Schemas["StepView"];

describe("the timeline", () => {
  it("says votes and outcomes in words", () => {
    const titles = stepsOf([
      step({ kind: "action.asked", state: "pending" }),
      step({ kind: "approval.voted", vote: "approve" }),
      step({ kind: "approval.decided", vote: "approve", outcome: "approved self_approved", state: "approved" }),
      step({ kind: "action.outcome", outcome: "http_404", state: "failed" }),
      step({ kind: "some.news" }),
    ]).map(({ title, tone }) => [title, tone]);
    expect(titles).toEqual([
      ["A human was asked", "waiting"],
      ["Said yes; more have to", "good"],
      ["Approved by the one who asked", "good"],
      ["Carried out: the target answered with status 404", "bad"],
      ["some news", "plain"],
    ]);
  });

  it("says what the scan found beside its words, not as an outcome", () => {
    const outcome = "agent tainted for 30 minutes; jailbreak (96 %) in reply";
    expect(stepsOf([step({ kind: "scan.found", outcome })])[0]).toMatchObject({
      title: "The scan found something in the answer",
      tone: "bad",
      note: outcome,
    });
    expect(stepsOf([step({ kind: "scan.marked_wrong" })])[0]?.title).toBe("A finding was marked as wrong");
  });

  it("says no with the tone of a no", () => {
    expect(stepsOf([step({ kind: "approval.decided", vote: "deny", state: "denied" })])[0]).toMatchObject({
      title: "Denied",
      tone: "bad",
    });
  });

  it("says how many are still needed", () => {
    const action = { state: "pending", quorum: 3, votes: [{}] } as never;
    expect(waitsFor(action)).toBe("Waits for 2 operators to decide");
    expect(waitsFor({ state: "succeeded" } as never)).toBeUndefined();
  });

  it("leaves outcomes that it does not know as they are", () => {
    expect(outcomeWords("timed_out")).toBe("timed out");
  });
});

describe("an input in parts", () => {
  it("leaves nothing out", () => {
    const input = { method: "POST", path: "/a", query: "x=1", headers: { a: "b" }, extra: { deep: [1] } };
    const { line, headers, rest } = inputParts(input);
    expect(line).toBe("POST /a?x=1");
    expect(headers).toEqual({ a: "b" });
    expect(JSON.parse(rest ?? "")).toEqual({ extra: { deep: [1] } });
  });

  it("shows what is no call over HTTP as JSON", () => {
    expect(inputParts({ statement: "SELECT 1" })).toEqual({
      line: undefined,
      headers: {},
      rest: '{\n  "statement": "SELECT 1"\n}',
    });
  });
});
