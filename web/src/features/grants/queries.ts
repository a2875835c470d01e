import { queryOptions } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";
import { every } from "@/api/every";

export type Grant = Schemas["GrantView"];

export const grantsQuery = queryOptions({
  queryKey: ["grants", "all"],
  queryFn: () => every((cursor) => body(api.GET("/api/v1/grants", { params: { query: { cursor } } }))),
});

export const addGrant = (grant: Schemas["GrantBody"]) => body(api.POST("/api/v1/grants", { body: grant }));

export const removeGrant = (id: string) => api.DELETE("/api/v1/grants/{id}", { params: { path: { id } } });
