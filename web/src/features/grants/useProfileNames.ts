import { useQueries } from "@tanstack/react-query";
import { profilesQuery } from "@/features/targets/queries";
import type { Grant } from "./queries";

/** The names of the profiles of these targets: a grant holds only the profile's id. */
export function useProfileNames(targets: readonly (string | undefined)[]): (grant: Grant) => string | undefined {
  const names = [...new Set(targets.filter((name) => name !== undefined))];
  const lists = useQueries({ queries: names.map((name) => profilesQuery(name)) });
  const profiles = lists.flatMap((list) => list.data ?? []);
  return (grant) => profiles.find(({ id }) => id === grant.profile)?.name;
}
