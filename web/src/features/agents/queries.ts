import { queryOptions } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";
import { every } from "@/api/every";

export type Agent = Schemas["AgentView"];

export const agentsQuery = queryOptions({
  queryKey: ["agents", "all"],
  queryFn: () => every((cursor) => body(api.GET("/api/v1/agents", { params: { query: { cursor } } }))),
});

export const agentQuery = (name: string) =>
  queryOptions({
    queryKey: ["agents", "one", name],
    queryFn: () => body(api.GET("/api/v1/agents/{id}", { params: { path: { id: name } } })),
  });

export interface RecentFilter {
  agent?: string | undefined;
  target?: string | undefined;
}

/** The last actions of an agent or on a target, newest first. */
export const recentActionsQuery = (filter: RecentFilter, limit: number) =>
  queryOptions({
    queryKey: ["actions", "recent", filter, limit],
    queryFn: () => body(api.GET("/api/v1/actions", { params: { query: { ...filter, limit } } })),
    select: ({ items }) => items,
  });

export const addAgent = (agent: Schemas["AgentBody"]) => body(api.POST("/api/v1/agents", { body: agent }));

export const changeAgent = (name: string, change: Schemas["AgentChangeBody"]) =>
  body(api.PATCH("/api/v1/agents/{id}", { params: { path: { id: name } }, body: change }));

export const removeAgent = (name: string) => api.DELETE("/api/v1/agents/{id}", { params: { path: { id: name } } });
