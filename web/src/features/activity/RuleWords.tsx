import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "@/api/client";
import { UntrustedText } from "@/ui/BytesText";

const SPEAKERS: Record<Schemas["Speaker"], string> = {
  key_scope: "The key's scopes",
  no_grant: "No grant covers it",
  grant: "A grant",
  guard: "A guard rule",
  threat: "A finding of the scan",
  risk: "The risk threshold",
  budget: "The budget",
  taint: "Taint",
  rule: "A rule",
  default: "The default",
};

export interface RuleWordsProps {
  voice: Pick<Schemas["VoiceView"], "speaker" | "id" | "name">;
  agent: string;
}

/** Who made a verdict: a grant by what it covers, a rule by its name, with a way to the grants. */
export function RuleWords({ voice, agent }: RuleWordsProps) {
  const { speaker, id, name } = voice;
  const shown = name ? <UntrustedText value={name} /> : id && `…${id.slice(-8)} (gone since)`;
  return (
    <span title={id ? `${speaker}:${id}` : speaker}>
      {SPEAKERS[speaker] ?? speaker}
      {shown && ": "}
      {shown && speaker === "grant" ? (
        <Anchor
          component={Link}
          to="/dashboard/agents/$name/$tab"
          params={{ name: agent, tab: "grants" } as never}
          size="sm"
        >
          {shown}
        </Anchor>
      ) : (
        shown
      )}
    </span>
  );
}

/** The same of a label such as `grant:ID`, where no more is kept. */
export function voiceOf(rule: string): RuleWordsProps["voice"] {
  const [speaker = "default", id] = rule.split(":");
  return { speaker: speaker as Schemas["Speaker"], id: id ?? null, name: null };
}
