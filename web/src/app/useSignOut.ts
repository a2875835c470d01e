import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api } from "@/api/client";
import { csrf } from "@/api/session";

/** Ends this session. The rooms go first: what they still ask for would be refused. */
export function useSignOut(): () => Promise<void> {
  const client = useQueryClient();
  const navigate = useNavigate();
  return async () => {
    await navigate({ to: "/login", search: {} });
    await api.DELETE("/api/v1/sessions/me").catch(() => undefined);
    csrf.clear();
    client.clear();
  };
}
