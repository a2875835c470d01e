import { queryOptions } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";
import { every } from "@/api/every";

export type Operator = Schemas["OperatorView"];
export type Session = Schemas["SessionView"];
export type Token = Schemas["TokenView"];

/** What operators set for the whole gateway. */
export type Settings = Schemas["SettingsView"];
export type SettingsChange = Schemas["SettingsChangeBody"];

export const operatorsQuery = queryOptions({
  queryKey: ["operators", "all"],
  queryFn: () => every((cursor) => body(api.GET("/api/v1/operators", { params: { query: { cursor } } }))),
});

export const sessionsQuery = queryOptions({
  queryKey: ["sessions"],
  queryFn: async () => (await body(api.GET("/api/v1/sessions"))).items,
});

export const tokensQuery = queryOptions({
  queryKey: ["tokens", "all"],
  queryFn: () => every((cursor) => body(api.GET("/api/v1/tokens", { params: { query: { cursor } } }))),
});

export const settingsQuery = queryOptions({
  queryKey: ["settings"],
  queryFn: () => body(api.GET("/api/v1/settings")),
});

export const vaultQuery = queryOptions({
  queryKey: ["vault"],
  queryFn: () => body(api.GET("/api/v1/vault")),
});

export const networkQuery = queryOptions({
  queryKey: ["network"],
  queryFn: () => body(api.GET("/api/v1/network")),
  staleTime: "static",
});

export const changeSettings = (change: SettingsChange) => body(api.PATCH("/api/v1/settings", { body: change }));

export const addOperator = (operator: Schemas["OperatorBody"]) =>
  body(api.POST("/api/v1/operators", { body: operator }));

export const setRole = (id: string, role: string) =>
  api.PUT("/api/v1/operators/{id}/role", { params: { path: { id } }, body: { role } as Schemas["RoleBody"] });

export const setPassword = (id: string, password: string) =>
  api.PUT("/api/v1/operators/{id}/password", { params: { path: { id } }, body: { password } });

export const disableOperator = (id: string) => api.DELETE("/api/v1/operators/{id}", { params: { path: { id } } });

export const endSession = (id: string) => api.DELETE("/api/v1/sessions/{id}", { params: { path: { id } } });

export const addToken = (token: Schemas["TokenBody"]) => body(api.POST("/api/v1/tokens", { body: token }));

export const revokeToken = (id: string) => api.DELETE("/api/v1/tokens/{id}", { params: { path: { id } } });

export const rekey = (current: string, next: string) =>
  api.POST("/api/v1/vault/rekey", { body: { current, new: next } });
