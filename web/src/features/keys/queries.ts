import { queryOptions } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";
import { every } from "@/api/every";

export type Key = Schemas["KeyView"];

export const keysQuery = queryOptions({
  queryKey: ["keys", "all"],
  queryFn: () => every((cursor) => body(api.GET("/api/v1/keys", { params: { query: { cursor } } }))),
});

export const addKey = (key: Schemas["KeyBody"]) => body(api.POST("/api/v1/keys", { body: key }));

export const revokeKey = (id: string) => api.DELETE("/api/v1/keys/{id}", { params: { path: { id } } });
