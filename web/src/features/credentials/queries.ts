import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";
import { every } from "@/api/every";
import { useActorName } from "@/features/agents/useActorName";

export type Credential = Schemas["CredentialView"];

export const credentialsQuery = queryOptions({
  queryKey: ["credentials", "all"],
  queryFn: () => every((cursor) => body(api.GET("/api/v1/credentials", { params: { query: { cursor } } }))),
});

export const setCredential = (credential: Schemas["CredentialBody"]) =>
  body(api.POST("/api/v1/credentials", { body: credential }));

export const removeCredential = (target: string, profile: string) =>
  api.DELETE("/api/v1/credentials/{target}", { params: { path: { target }, query: { profile } } });

/** The ledger knows who set a credential; the credential itself only when. */
const settersQuery = queryOptions({
  queryKey: ["credentials", "setters"],
  queryFn: () =>
    body(api.GET("/api/v1/audit/entries", { params: { query: { kind: "config.credential.set", limit: 200 } } })),
  retry: false,
});

/** Who set a credential, where the ledger's last entries still say it. */
export function useSetterOf(credential: Credential | undefined): string | undefined {
  const { data } = useQuery({ ...settersQuery, enabled: credential !== undefined });
  return useActorName(data?.items.find(({ at }) => at === credential?.set_at)?.actor);
}
