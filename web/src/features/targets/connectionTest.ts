/** Connection tests: the gateway keeps no result, so the page remembers those of its own visit. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { asProblem } from "@/api/problem";
import { testTarget } from "./queries";

export interface TestResult {
  isOk: boolean;
  /** What was found, in words. */
  detail: string;
  at: string;
}

const keyOf = (name: string) => ["target-test", name];

/** The last result of this visit. */
export function useLastTest(name: string): TestResult | undefined {
  return (
    useQuery<TestResult | null>({
      queryKey: keyOf(name),
      queryFn: () => null,
      enabled: false,
      staleTime: Number.POSITIVE_INFINITY,
      gcTime: Number.POSITIVE_INFINITY,
    }).data ?? undefined
  );
}

/** Tries to reach a target and remembers what came of it. A target that can't be reached is a result, no failure of the page. */
export function useTest(name: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (): Promise<TestResult> => {
      const at = new Date().toISOString();
      try {
        const { ok, detail } = await testTarget(name);
        return { isOk: ok, detail, at };
      } catch (error) {
        return { isOk: false, detail: asProblem(error).message, at };
      }
    },
    onSuccess: (result) => client.setQueryData(keyOf(name), result),
  });
}
