/** What stands around a request: its target's address, its credential, the times that hold. Who may not read one sees less. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import { type Action, judgedOf } from "./action";

const KEPT_MS = 30_000;

const targetQuery = (name: string) =>
  queryOptions({
    queryKey: ["approval", "target", name],
    queryFn: () => body(api.GET("/api/v1/targets/{id}", { params: { path: { id: name } } })),
    staleTime: KEPT_MS,
    retry: false,
  });

const profilesQuery = (name: string) =>
  queryOptions({
    queryKey: ["approval", "profiles", name],
    queryFn: async () =>
      (await body(api.GET("/api/v1/targets/{id}/profiles", { params: { path: { id: name } } }))).items,
    staleTime: KEPT_MS,
    retry: false,
  });

const credentialsQuery = queryOptions({
  queryKey: ["approval", "credentials"],
  queryFn: async () => (await body(api.GET("/api/v1/credentials", { params: { query: { limit: 200 } } }))).items,
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
  baseUrl: string | undefined;
  profile: string | undefined;
  credential: { type: string; shownAs: string | undefined; setAt: string } | undefined;
  /** Whether it is known that there is none. */
  hasNoCredential: boolean;
  executeSeconds: number | undefined;
  isSeparationStrict: boolean;
}

export function useSurroundings(action: Action): Surroundings {
  const { data: target } = useQuery(targetQuery(action.target));
  const { data: profiles } = useQuery(profilesQuery(action.target));
  const { data: credentials } = useQuery(credentialsQuery);
  const { data: settings } = useQuery(settingsQuery);
  const profileId = judgedOf(action).facts?.target?.profile;
  const profile = action.profile ?? profiles?.find(({ id }) => id === profileId)?.name;
  const credential = credentials?.find((each) => each.target === action.target && each.profile === profile);
  const config = target?.config as { base_url?: unknown } | undefined;
  const known = settings as { execute_ttl_seconds?: number; separation_of_duties?: string } | undefined;
  return {
    baseUrl: typeof config?.base_url === "string" ? config.base_url : undefined,
    profile,
    credential: credential && {
      type: credential.type,
      shownAs: credential.shown_as || undefined,
      setAt: credential.set_at,
    },
    hasNoCredential: credentials !== undefined && profile !== undefined && credential === undefined,
    executeSeconds: known?.execute_ttl_seconds,
    isSeparationStrict: known?.separation_of_duties === "strict",
  };
}
