import { useQuery } from "@tanstack/react-query";
import { Time } from "@/ui/Time";
import { recentActionsQuery } from "./queries";

/** When an agent last asked for something: the newest of its actions. Only rows in view ask for it. */
export function LastAsked({ agent }: { agent: string }) {
  const { data, isPending } = useQuery({ ...recentActionsQuery({ agent }, 1), staleTime: 30_000 });
  if (isPending) return <>…</>;
  return data?.[0] ? <Time value={data[0].created_at} /> : <>never</>;
}
