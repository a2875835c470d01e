import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import { lastVerificationQuery } from "./queries";

/** Verifies the whole ledger. */
export function useVerification() {
  const client = useQueryClient();
  return useMutation({
    mutationKey: ["ledger", "verify"],
    onSettled: () => client.invalidateQueries({ queryKey: lastVerificationQuery.queryKey }),
    mutationFn: async () => {
      const begun = Date.now();
      const found = await body(api.GET("/api/v1/audit/verify"));
      return { ...found, at: new Date().toISOString(), milliseconds: Date.now() - begun };
    },
  });
}

export type Verified = NonNullable<ReturnType<typeof useVerification>["data"]>;
