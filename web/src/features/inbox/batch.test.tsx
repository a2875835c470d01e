import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import type { Action } from "@/components/approval/action";
import { runOf } from "@/components/approval/action";
import { warningsOf } from "@/components/approval/warnings";
import { detailOf } from "@/mock-api/detail";
import { render } from "@/mock-api/render";
import { arrive, signInAs } from "@/mock-api/seed";
import type { ActionParts } from "@/mock-api/seed/actions";
import { server } from "@/mock-api/server";
import { BatchDialog } from "./BatchDialog";
import { APPROVED_AT_MOST, prepare, sameRuns, whyNotInBatch } from "./batch";
import type { Item } from "./pages";

const CHARGE: ActionParts = {
  agent: "shop-assistant",
  target: "payments",
  action: "POST /charges",
  intent: "charge the order",
  body: '{"amount":1}',
  risk_score: 0.3,
};

function detail(parts: Partial<ActionParts> = {}, change: Partial<Action> = {}, facts: object = {}): Action {
  const action = detailOf(arrive({ ...CHARGE, ...parts }), { actor: "operator:nobody" } as never);
  const judged = action.judged as unknown as { facts: object };
  return { ...action, judged: { ...judged, facts: { ...judged.facts, ...facts } } as never, ...change };
}

describe("what a batch takes", () => {
  it("takes what is short, plain, of low risk and warned about by nothing", () => {
    expect(whyNotInBatch(detail())).toBeUndefined();
    expect(whyNotInBatch(detail({ action: "GET /charges", body: undefined, risk_score: 0.1 }))).toBeUndefined();
  });

  it.each([
    ["that destroys", /destructive/, () => detail({ action: "DELETE /charges/1", risk_score: 0.1 })],
    ["that sends data out", /sends data out/, () => detail({ effect: "egress" })],
    ["of critical urgency", /critical/, () => detail({ urgency: "critical" })],
    ["of high risk", /high risk/, () => detail({ risk_score: 0.5 })],
    [
      "of the risk from which its target asks",
      /high risk/,
      () => detail({ risk_score: 0.35 }, {}, { target: { risk_threshold: 0.35 } }),
    ],
    ["that needs two", /2 operators/, () => detail({ quorum: 2 })],
    ["with a long body", /long part/, () => detail({ body: "x\n".repeat(400) })],
    ["with a long intent", /long part/, () => detail({ intent: "x\n".repeat(400) })],
    ["with a body that is no text", /no text/, () => detail({ body: undefined, body_base64: "AP9B" })],
    ["that is decided", /denied/, () => detail({}, { state: "denied" })],
    ["whose evidence was deleted", /deleted/, () => detail({}, { payload: null as never })],
  ])("leaves out a request %s", (_, reason, made) => expect(whyNotInBatch(made())).toMatch(reason));

  it.each([
    ["that one asked for oneself", /you asked/, () => detail({}, { is_self_asked: true })],
    ["that an operator asked for", /in the agent's name/, () => detail({}, { asked_by: "operator:7" })],
    ["that has changed since", /changed/, () => detail({}, { is_current: false })],
    ["of a tainted agent", /content from outside/, () => detail({}, {}, { tainted: true })],
    [
      "with a finding",
      /prompt injection/,
      () => detail({}, {}, { findings: [{ category: "prompt_injection", place: "body", reason: "ignore" }] }),
    ],
    ["that no rule could read", /look into body/, () => detail({}, {}, { input: { unreadable: ["body"] } })],
    ["with a key that stands twice", /twice/, () => detail({ body: '{"amount":1,"amount":50000}' })],
    ["with a hidden character in its body", /hidden .* in the body/, () => detail({ body: "a\u202eb" })],
    ["with a pile of marks", /hidden .* in the body/, () => detail({ body: "a\u0301\u0301\u0301\u0301" })],
    [
      "with its end pushed out of sight",
      /hidden .* in the body/,
      () => detail({ body: `ls${" ".repeat(200)};reboot` }),
    ],
    [
      "with a hidden character in a header",
      /hidden .* in the headers/,
      () => detail({ headers: { "x-a": "a\u200b" } }),
    ],
    ["with a hidden character in its intent", /hidden .* in the intent/, () => detail({ intent: "why\u2066" })],
  ])("leaves out a request %s, as its card warns", (_, reason, made) => {
    const action = made();
    expect(warningsOf(action, runOf(action))).not.toEqual([]);
    expect(whyNotInBatch(action)).toMatch(reason);
  });

  it("takes so many at most, and reads no more", async () => {
    const action = detail();
    const items = Array.from({ length: APPROVED_AT_MOST + 3 }, (_, at) => ({ ...action, id: `${at}` }) as Item);
    const fetchQuery = vi.fn(async () => action);
    const { runs, excluded } = await prepare(
      { fetchQuery } as never,
      items,
      new AbortController().signal,
      () => undefined,
    );
    expect(fetchQuery).toHaveBeenCalledTimes(APPROVED_AT_MOST);
    expect(runs.map((same) => same.items.length)).toEqual([APPROVED_AT_MOST]);
    expect(excluded.map(({ reason }) => reason)).toEqual(
      Array(3).fill("more than 500 at once: approve it after these"),
    );
  });

  it("puts together only what is alike to the byte", () => {
    const actions = [
      detail(),
      detail({ intent: "another reason" }),
      detail({ body: '{"amount": 1}' }),
      detail({ headers: { "content-type": "application/json", "x-a": "1" } }),
      detail({ agent: "deploy-bot" }),
    ];
    const runs = sameRuns(actions.map((action) => ({ item: action as Item, action })));
    expect(runs.map((same) => same.items.length)).toEqual([2, 1, 1, 1]);
  });
});

describe("BatchDialog", () => {
  it("approves nothing that was not opened, and sends the hash of what was shown", async () => {
    signInAs("owner");
    const alike = [arrive({ ...CHARGE, intent: "first order" }), arrive({ ...CHARGE, intent: "second order" })];
    const other = arrive({ ...CHARGE, body: '{"amount":50000}' });
    const sent: unknown[] = [];
    server.events.on("request:start", ({ request }) => {
      if (request.method === "POST")
        void request
          .clone()
          .json()
          .then((body) => sent.push(body));
    });
    const { user } = await render(
      <BatchDialog
        isOpen
        say="approve"
        items={[...alike, other]}
        onClose={() => undefined}
        onDecided={() => undefined}
      />,
    );
    const dialog = within(await screen.findByRole("dialog", { name: "Approve several requests" }));
    const approve = await dialog.findByRole("button", { name: "Approve 3" });
    expect(dialog.getByRole("region", { name: "Body in the batch" })).toHaveTextContent('{"amount":1}');
    expect(dialog.getByRole("list", { name: "Why each was asked" })).toHaveTextContent(/first order.*second order/);
    expect(approve).toHaveAttribute("aria-disabled", "true");
    expect(dialog.getByText("Open all that would run first: 1 is not opened yet.")).toBeVisible();
    await user.click(approve);
    for (const { state } of [...alike, other]) expect(state).toBe("pending");
    await user.click(dialog.getByRole("button", { name: /1 request.*not opened yet/ }));
    expect(dialog.getByRole("region", { name: "Body in the batch" })).toHaveTextContent('{"amount":50000}');
    await waitFor(() => expect(approve).not.toHaveAttribute("aria-disabled"));
    await user.click(approve);
    expect(await dialog.findByText(/3 requests approved/)).toBeVisible();
    expect(sent).toEqual([...alike, other].map(({ payload_hash }) => ({ expected_payload_hash: payload_hash })));
    for (const { state } of [...alike, other]) expect(state).not.toBe("pending");
    server.events.removeAllListeners();
  });
});
