import { useMutation } from "@tanstack/react-query";
import { api, body } from "@/api/client";

/** Verifies the whole ledger. */
export function useVerification() {
  return useMutation({
    mutationKey: ["ledger", "verify"],
    mutationFn: async () => {
      const begun = Date.now();
      const found = await body(api.GET("/api/v1/audit/verify"));
      return { ...found, at: new Date().toISOString(), milliseconds: Date.now() - begun };
    },
  });
}

export type Verified = NonNullable<ReturnType<typeof useVerification>["data"]>;
