import { Text } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { runOf } from "@/components/approval/action";
import { RunView } from "@/components/approval/RunView";
import { Bytes } from "@/ui/Bytes";
import { fromBase64 } from "@/ui/BytesRows";
import { UntrustedText } from "@/ui/BytesText";
import { Section } from "@/ui/Section";
import classes from "./activity.module.css";
import { inputParts } from "./input";

type Action = Schemas["ActionDetail"];

/** Bytes as the API gives them: text, or base64. */
function bytesOf(message: { body?: string | null; body_base64?: string | null }): string | Uint8Array {
  return message.body ?? fromBase64(message.body_base64 ?? "") ?? (message.body_base64 || "");
}

function Headers({ label, headers }: { label: string; headers: Record<string, string> }) {
  const rows = Object.entries(headers);
  if (rows.length === 0) return null;
  return (
    <table className={classes.headers} aria-label={label}>
      <tbody>
        {rows.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">
              <UntrustedText value={name} />
            </th>
            <td>
              <UntrustedText value={value} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

// Here nothing is decided: what was opened does not matter.
const seen = () => {};

/** What would run, or ran. */
export function WhatRuns({ action }: { action: Action }) {
  const { payload } = action;
  if (!payload) {
    return (
      <Section title="Input" isFramed>
        <Text size="sm" c="dimmed">
          The input is no longer kept. Its hash stands in the ledger: a copy that you have can be compared with it.
        </Text>
      </Section>
    );
  }
  const run = runOf(action);
  if (run?.url !== undefined) {
    return (
      <Section title="Input" isFramed>
        <RunView run={run} credential={undefined} target={action.target} onSeen={seen} />
      </Section>
    );
  }
  const { line, headers, rest } = inputParts(payload.input as Record<string, unknown>);
  const body = bytesOf(payload);
  return (
    <Section title="Input" isFramed>
      {line && (
        <span className={classes.line}>
          <UntrustedText value={line} />
        </span>
      )}
      <Headers label="Headers of the input" headers={headers} />
      {rest && <Bytes label="Further input" value={rest} />}
      {body.length > 0 ? (
        <Bytes label="Body of the input" value={body} />
      ) : (
        <Text size="sm" c="dimmed">
          Without a body.
        </Text>
      )}
    </Section>
  );
}

const WAITING = ["pending", "approved", "executing"];

/** What was answered, masked. */
export function Answer({ action }: { action: Action }) {
  const { result } = action;
  if (!result) {
    return (
      <Section title="Output" isFramed>
        <Text size="sm" c="dimmed">
          {WAITING.includes(action.state)
            ? "Nothing yet: it has not been carried out."
            : ["succeeded", "failed"].includes(action.state)
              ? "What was answered is not kept."
              : "Nothing: it was not carried out to an end."}
        </Text>
      </Section>
    );
  }
  const body = bytesOf(result);
  return (
    <Section title="Output" isFramed>
      <span className={classes.line}>Status {result.status}</span>
      <Headers label="Headers of the output" headers={inputParts({ headers: result.headers }).headers} />
      {body.length > 0 ? (
        <Bytes label="Body of the output" value={body} />
      ) : (
        <Text size="sm" c="dimmed">
          Without a body.
        </Text>
      )}
    </Section>
  );
}
