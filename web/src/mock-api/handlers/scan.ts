import { db, record, timestamp } from "../db";
import { findingsOf } from "../detail";
import { caller, requireProof } from "../guard";
import { notFound, Refusal } from "../problem";
import { route } from "../route";

export const scanHandlers = [
  route("post", "/api/v1/actions/:id/findings/:index/wrong", ({ request, param }) => {
    const who = caller(request, "request_decide");
    requireProof(who);
    const action = db.actions.find(({ id }) => id === param("id"));
    if (!action) throw notFound("request");
    const finding = findingsOf(action).find(({ index }) => String(index) === param("index"));
    if (!finding) throw notFound("finding");
    if (finding.marked_wrong_by) return undefined;
    if (!action.payload) {
      throw new Refusal(
        410,
        "evidence_gone",
        "the text that was looked at was deleted: there is nothing to keep as a case",
      );
    }
    const text = finding.place === "intent" ? action.intent : (action.payload.body ?? "");
    db.cases.push({ action: action.id, index: finding.index, operator: who.operator.id, at: timestamp(), text });
    const outcome = `finding ${finding.index}: ${finding.category} in ${finding.place}`;
    record("scan.marked_wrong", { actor: who.actor, action_id: action.id, rule: "threat", outcome });
    return undefined;
  }),
  route("get", "/api/v1/scan/cases", ({ request }) => {
    caller(request, "config_read");
    const lines = db.cases.map(({ action, index, text }) =>
      JSON.stringify({ id: `${action}-${index}`, text, label: "benign" }),
    );
    return new Response(lines.map((line) => `${line}\n`).join(""), {
      headers: { "content-type": "application/jsonl" },
    });
  }),
];
