import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";
import { every } from "@/api/every";
import type { Schema, Value } from "@/ui/schema/schema";

export interface TargetLimits {
  request_bytes: number;
  response_bytes: number;
  kept_response_bytes: number;
  header_bytes: number;
  first_byte_millis: number;
  total_millis: number;
  redact_secrets: boolean;
}

/** A target. The document says of both objects only that they are objects. */
export type Target = Omit<Schemas["TargetView"], "config" | "limits"> & { config: Value; limits: TargetLimits };
export type Profile = Omit<Schemas["ProfileView"], "limits"> & { limits: Value };
export type TargetTest = Schemas["TargetTestView"];

export interface ConnectorAction {
  name: string;
  effect: string;
  durability: string;
  input_schema: Schema;
}

/** What a connector says about itself; the document leaves it open. */
export interface Connector {
  name: string;
  summary: string;
  target_schema: Schema;
  profile_schema: Schema;
  credential_types: string[];
  actions: ConnectorAction[];
}

export const targetsQuery = queryOptions({
  queryKey: ["targets", "all"],
  queryFn: async () =>
    (await every((cursor) => body(api.GET("/api/v1/targets", { params: { query: { cursor } } })))) as Target[],
});

export const targetQuery = (name: string) =>
  queryOptions({
    queryKey: ["targets", "one", name],
    queryFn: async () =>
      (await body(api.GET("/api/v1/targets/{id}", { params: { path: { id: name } } }))) as unknown as Target,
  });

export const profilesQuery = (target: string) =>
  queryOptions({
    queryKey: ["targets", "profiles", target],
    queryFn: async () =>
      (await body(api.GET("/api/v1/targets/{id}/profiles", { params: { path: { id: target } } })))
        .items as unknown as Profile[],
    enabled: target !== "",
  });

export const connectorsQuery = queryOptions({
  queryKey: ["connectors"],
  queryFn: async () => ((await body(api.GET("/api/v1/connectors"))) as unknown as { items: Connector[] }).items,
  // What the gateway speaks is compiled into it.
  staleTime: Number.POSITIVE_INFINITY,
});

export function useConnector(name: string | undefined): Connector | undefined {
  return useQuery(connectorsQuery).data?.find((connector) => connector.name === name);
}

/** Where a target lies, in a line: every connector keeps its address under one of these names. */
export function addressOf(target: Pick<Target, "config">): string {
  for (const name of ["base_url", "url", "address", "host"]) {
    const value = target.config[name];
    if (typeof value === "string") return value;
  }
  return JSON.stringify(target.config);
}

export const addTarget = async (target: Schemas["TargetBody"]) =>
  (await body(api.POST("/api/v1/targets", { body: target }))) as unknown as Target;

export const changeTarget = async (name: string, change: Schemas["TargetChangeBody"]) =>
  (await body(
    api.PATCH("/api/v1/targets/{id}", { params: { path: { id: name } }, body: change }),
  )) as unknown as Target;

export const removeTarget = (name: string) => api.DELETE("/api/v1/targets/{id}", { params: { path: { id: name } } });

export const testTarget = (name: string) =>
  body(api.POST("/api/v1/targets/{id}/test", { params: { path: { id: name } } }));

export const addProfile = (target: string, profile: Schemas["ProfileBody"]) =>
  body(api.POST("/api/v1/targets/{id}/profiles", { params: { path: { id: target } }, body: profile }));

export const removeProfile = (target: string, name: string) =>
  api.DELETE("/api/v1/targets/{id}/profiles/{name}", { params: { path: { id: target, name } } });
