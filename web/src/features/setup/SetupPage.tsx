import { Skeleton, Stack } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { api, body } from "@/api/client";
import { csrf } from "@/api/session";
import { GatePage } from "@/features/sign-in/GatePage";
import { lastTime } from "@/features/sign-in/ways";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { checkToken, takeToken } from "./address";
import { Closed, TokenMissing } from "./Dead";
import { Done } from "./Done";
import { type SetUp, Wizard } from "./Wizard";

/** How often it is asked whether another tab was faster. */
const LOOK_MS = 5_000;

/** Sets up a gateway that was never onboarded, for whoever holds its one-time address. */
export function SetupPage() {
  const navigate = useNavigate();
  const client = useQueryClient();
  const [token, setToken] = useState("");
  const [wrong, setWrong] = useState<string>();
  const [made, setMade] = useState<SetUp & { needsPassphrase: boolean }>();
  const [isClosed, setClosed] = useState(false);
  useEffect(() => {
    const take = () => {
      const found = takeToken();
      if (!found) return;
      const cut = checkToken(found);
      setWrong(cut);
      setToken(cut ? "" : found);
    };
    take();
    // Somebody who pastes the address into this tab only changes its fragment.
    window.addEventListener("hashchange", take);
    return () => window.removeEventListener("hashchange", take);
  }, []);
  const state = useQuery({
    queryKey: ["setup"],
    queryFn: () => body(api.GET("/api/v1/setup")),
    refetchInterval: made || isClosed ? false : LOOK_MS,
  });

  if (made) {
    const { operator, sign_in_token, needsPassphrase } = made;
    return (
      <Done
        operator={operator}
        token={sign_in_token ?? undefined}
        needsPassphrase={needsPassphrase}
        onGo={() => {
          client.clear();
          void navigate({ to: "/dashboard" });
        }}
      />
    );
  }
  if (state.isPending || state.error) {
    return (
      <GatePage title="Set up your gateway" width={520}>
        {state.error ? (
          <ErrorNotice error={state.error} onRetry={() => void state.refetch()} />
        ) : (
          <Stack gap="sm" role="status" aria-label="Loading">
            <Skeleton height={16} />
            <Skeleton height={16} w="70%" />
            <Skeleton height={36} mt="sm" />
          </Stack>
        )}
      </GatePage>
    );
  }
  if (isClosed || state.data.state === "closed") return <Closed hasToken={token !== ""} />;
  if (token === "") {
    return (
      <TokenMissing
        error={wrong}
        onToken={(pasted) => {
          setWrong(undefined);
          setToken(pasted);
        }}
      />
    );
  }
  return (
    <Wizard
      token={token}
      needsPassphrase={state.data.needs_passphrase ?? false}
      store={state.data.store ?? "sqlcipher"}
      onDone={(done) => {
        csrf.set(done.csrf_token ?? "");
        lastTime.remember(done.sign_in_token ? "token" : "password", done.operator);
        setMade({ ...done, needsPassphrase: state.data.needs_passphrase ?? false });
      }}
      onClosed={() => setClosed(true)}
      onWrongToken={(text) => {
        setWrong(text);
        setToken("");
      }}
    />
  );
}
