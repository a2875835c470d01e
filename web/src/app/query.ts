import { QueryClient } from "@tanstack/react-query";
import { Problem } from "@/api/problem";

const TRIES = 3;

/** A refused call is an answer and is not asked again; a gateway that can't be reached may be back in a moment. */
function isWorthAnotherTry(failures: number, error: Error): boolean {
  return failures < TRIES && (!(error instanceof Problem) || error.status === 0 || error.status >= 502);
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: { retry: isWorthAnotherTry, staleTime: 5_000, refetchOnWindowFocus: true },
    mutations: { retry: false },
  },
});
