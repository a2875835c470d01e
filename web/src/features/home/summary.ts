import { queryOptions } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";

/** What the gateway says of itself at a glance. */
export type Summary = Schemas["SummaryView"];
export type VerdictCounts = Schemas["VerdictCounts"];

export const summaryQuery = queryOptions({
  queryKey: ["summary"],
  queryFn: () => body(api.GET("/api/v1/summary")),
});
