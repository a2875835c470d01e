import { queryOptions } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";
import { every } from "@/api/every";

export type Credential = Schemas["CredentialView"];

export const credentialsQuery = queryOptions({
  queryKey: ["credentials", "all"],
  queryFn: () => every((cursor) => body(api.GET("/api/v1/credentials", { params: { query: { cursor } } }))),
});

export const setCredential = (credential: Schemas["CredentialBody"]) =>
  body(api.POST("/api/v1/credentials", { body: credential }));

export const removeCredential = (target: string, profile: string) =>
  api.DELETE("/api/v1/credentials/{target}", { params: { path: { target }, query: { profile } } });
