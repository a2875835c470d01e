/** What stands around a request: its credential, the times that hold. Who may not read one sees less. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import { every } from "@/api/every";
import type { Action } from "./action";

const KEPT_MS = 30_000;

const credentialsQuery = queryOptions({
  queryKey: ["approval", "credentials"],
  queryFn: () => every((cursor) => body(api.GET("/api/v1/credentials", { params: { query: { limit: 200, cursor } } }))),
  staleTime: KEPT_MS,
  retry: false,
});

const settingsQuery = queryOptions({
  queryKey: ["approval", "settings"],
  queryFn: () => body(api.GET("/api/v1/settings")),
  staleTime: KEPT_MS,
  retry: false,
});

export interface Surroundings {
  /** How the credential that will be used is called: `bearer`. */
  credential: string | undefined;
  /** Whether it is known that there is none. */
  hasNoCredential: boolean;
  /** How long an approval holds. */
  executeSeconds: number | undefined;
  isSeparationStrict: boolean;
}

export function useSurroundings(action: Action): Surroundings {
  const { data: credentials } = useQuery(credentialsQuery);
  const { data: settings } = useQuery(settingsQuery);
  const credential = credentials?.find((each) => each.target === action.target && each.profile === action.profile);
  const known = settings as { execute_ttl_seconds?: number; separation_of_duties?: string } | undefined;
  return {
    credential: credential?.type.replaceAll("_", " "),
    hasNoCredential: credentials !== undefined && credential === undefined,
    executeSeconds: known?.execute_ttl_seconds,
    isSeparationStrict: known?.separation_of_duties === "strict",
  };
}
