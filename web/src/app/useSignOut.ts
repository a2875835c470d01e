import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api } from "@/api/client";
import { asProblem } from "@/api/problem";
import { csrf } from "@/api/session";

/** One notice, however often it fails. */
const NOTICE = "sign-out";

/**
 * Ends this session. As long as the gateway has not said that it ended, the page stays: whoever leaves the browser then would leave it
 * signed in.
 */
export function useSignOut(): () => Promise<void> {
  const client = useQueryClient();
  const navigate = useNavigate();
  return async () => {
    try {
      await api.DELETE("/api/v1/sessions/me");
    } catch (error) {
      const problem = asProblem(error);
      // A session that is no more has ended, too.
      if (problem.code !== "unauthenticated") {
        notifications.hide(NOTICE);
        notifications.show({
          id: NOTICE,
          color: "red",
          autoClose: false,
          title: "You are still signed in: try again",
          message:
            problem.status === 0 ? "The gateway does not answer, so it has not ended the session." : problem.message,
        });
        return;
      }
    }
    notifications.hide(NOTICE);
    csrf.clear();
    await navigate({ to: "/login", search: {} });
    client.clear();
  };
}
