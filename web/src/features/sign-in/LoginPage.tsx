import { Button, Stack } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouter, useSearch } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { api, body } from "@/api/client";
import { asProblem } from "@/api/problem";
import { csrf } from "@/api/session";
import { GatePage } from "./GatePage";
import { Refused } from "./Refused";
import { WayFields } from "./WayFields";
import { browserLabel, credential, lastTime } from "./ways";

/** Signing in, by whatever the operator has. */
export function LoginPage() {
  const { next } = useSearch({ strict: false }) as { next?: string };
  const navigate = useNavigate();
  const router = useRouter();
  const client = useQueryClient();
  const [way, setWay] = useState(lastTime.way);
  const [name, setName] = useState(lastTime.name);
  const [secret, setSecret] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const secretField = useRef<HTMLInputElement>(null);

  const signIn = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const signedIn = await body(
        api.POST("/api/v1/sessions", { body: { ...credential(way, name.trim(), secret), label: browserLabel() } }),
      );
      csrf.set(signedIn.csrf_token ?? "");
      lastTime.remember(way, name.trim());
      client.clear();
      if (next) router.history.push(next);
      else await navigate({ to: "/dashboard" });
    } catch (failure) {
      const { code } = asProblem(failure);
      if (code === "locked") await navigate({ to: "/unlock", search: { next } });
      else if (code === "setup") await navigate({ to: "/setup" });
      else setError(failure);
      // What is wrong is the secret, nearly always: it is typed again.
      requestAnimationFrame(() => secretField.current?.select());
    } finally {
      setBusy(false);
    }
  };
  return (
    <GatePage
      title="Sign in"
      footer={
        <>
          Lost your way in? An owner makes you a token in Settings, or with{" "}
          <code>countersign token create NAME --operator YOU</code>. With nobody left to ask, stop the gateway and add{" "}
          <code>--recover</code>: it asks for the vault's passphrase.
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void signIn();
        }}
      >
        <Stack gap="md">
          <WayFields
            way={way}
            onWay={(chosen) => {
              setWay(chosen);
              setSecret("");
              setError(undefined);
            }}
            name={name}
            onName={setName}
            secret={secret}
            onSecret={setSecret}
            secretField={secretField}
            hasError={asProblem(error).code === "invalid_credentials"}
          />
          {error !== undefined && <Refused error={error} />}
          <Button type="submit" fullWidth loading={isBusy}>
            Sign in
          </Button>
        </Stack>
      </form>
    </GatePage>
  );
}
