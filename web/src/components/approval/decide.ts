/** Saying yes or no, and what the gateway answers when it can't be said any more. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import { asProblem, type Problem } from "@/api/problem";
import { type ActionView, actionKey } from "./action";

export type Say = "approve" | "deny";

export interface Decision {
  id: string;
  say: Say;
  note: string;
  /** The hash of what was shown: the gateway refuses if something else would run. */
  payloadHash: string;
}

/** Sends one decision. */
export function sendDecision({ id, say, note, payloadHash }: Decision): Promise<ActionView> {
  const options = {
    params: { path: { id } },
    body: { ...(note ? { note } : {}), expected_payload_hash: payloadHash },
  };
  return body(
    say === "approve"
      ? api.POST("/api/v1/approvals/{id}/approve", options)
      : api.POST("/api/v1/approvals/{id}/deny", options),
  );
}

export function useDecide(onDecided?: (view: ActionView, say: Say) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: sendDecision,
    onSuccess: (view, { id, say }) => {
      client.setQueryData(actionKey(id), (old: object | undefined) => (old ? { ...old, ...view } : undefined));
      void client.invalidateQueries({ queryKey: actionKey(id) });
      onDecided?.(view, say);
    },
    onError: (_, { id }) => void client.invalidateQueries({ queryKey: actionKey(id) }),
  });
}

const REFUSALS: Record<string, string> = {
  already_decided: "Somebody else was faster: your decision changed nothing. What was decided stands below.",
  already_voted: "You have voted on this request before. Your first vote stands.",
  expired: "The deadline had passed before your decision arrived: nothing runs.",
  stale: "What would run is no longer what you were shown, so nothing runs. The agent has to ask again.",
  payload_changed: "What would run is no longer what you were shown, so nothing was decided. Read it again.",
};

/** What a refusal means for the one who decided. */
export function refusal(error: unknown): { problem: Problem; meaning: string | undefined } {
  const problem = asProblem(error);
  return {
    problem,
    meaning: REFUSALS[problem.code],
  };
}
