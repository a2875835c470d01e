import { Anchor } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, body } from "@/api/client";
import { useNames } from "@/components/actor/names";
import { Untrusted } from "@/ui/Untrusted";
import { speakerWords } from "./trace";

const KEPT_MS = 30_000;

function useGrant(id: string | undefined, agent: string, target: string) {
  const { data } = useQuery({
    queryKey: ["grants", "of", agent, target],
    queryFn: () => body(api.GET("/api/v1/grants", { params: { query: { agent, target } } })),
    enabled: id !== undefined,
    staleTime: KEPT_MS,
    retry: false,
  });
  return data?.items.find((grant) => grant.id === id);
}

export interface RuleWordsProps {
  kind: string;
  id?: string | undefined;
  agent: string;
  target: string;
}

/** Who made a verdict: a grant by what it covers, a rule by its name, each with a way to it. */
export function RuleWords({ kind, id, agent, target }: RuleWordsProps) {
  const names = useNames();
  const grant = useGrant(kind === "grant" ? id : undefined, agent, target);
  if (kind === "grant" && id) {
    return (
      <span title={`grant:${id}`}>
        {speakerWords(kind)}
        {grant ? (
          <>
            {": "}
            <Anchor
              component={Link}
              to="/dashboard/agents/$name/$tab"
              params={{ name: agent, tab: "grants" } as never}
              size="sm"
            >
              <Untrusted text={grant.action} /> {grant.verdict}
            </Anchor>
          </>
        ) : (
          ` …${id.slice(-8)} (removed since)`
        )}
      </span>
    );
  }
  const name = id && names[`rule:${id}`];
  return (
    <span title={id ? `${kind}:${id}` : kind}>
      {speakerWords(kind)}
      {id && `: ${name ?? `…${id.slice(-8)}`}`}
    </span>
  );
}
