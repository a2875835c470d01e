import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, body } from "@/api/client";

/** Who is signed in. */
export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: () => body(api.GET("/api/v1/sessions/me")),
  staleTime: 60_000,
});

export function useMe() {
  return useQuery(meQuery).data;
}
