import { Button, PasswordInput, Stack, Text } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { api } from "@/api/client";
import { asProblem } from "@/api/problem";
import { GatePage } from "./GatePage";
import { Refused } from "./Refused";

/** Opens the vault of a gateway that was started without its passphrase. */
export function UnlockPage() {
  const { next } = useSearch({ strict: false }) as { next?: string };
  const navigate = useNavigate();
  const [passphrase, setPassphrase] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const field = useRef<HTMLInputElement>(null);
  const unlock = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await api.POST("/api/v1/vault/unlock", { body: { passphrase } });
      await navigate({ to: "/login", search: { next } });
    } catch (failure) {
      if (asProblem(failure).code === "setup") await navigate({ to: "/setup" });
      else setError(failure);
      requestAnimationFrame(() => field.current?.select());
    } finally {
      setBusy(false);
    }
  };
  const isWrong = asProblem(error).code === "wrong_passphrase";
  return (
    <GatePage
      title="Unlock the vault"
      description={
        <>
          This gateway was started without its passphrase. Until it has it, nothing can be read and every agent is
          refused. Nothing that waits is lost.
        </>
      }
      footer={
        <>
          The same in a terminal: <code>countersign vault unlock</code>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void unlock();
        }}
      >
        <Stack gap="md">
          <PasswordInput
            ref={field}
            label="Passphrase of the vault"
            description="Not your own password: the one that was chosen when the gateway was set up."
            name="passphrase"
            autoComplete="off"
            value={passphrase}
            onChange={(event) => setPassphrase(event.currentTarget.value)}
            error={isWrong}
            required
            autoFocus
            visibilityToggleButtonProps={{ "aria-label": "Show or hide what is typed", tabIndex: 0 }}
          />
          {error !== undefined && <Refused error={error} />}
          <Button type="submit" fullWidth loading={isBusy}>
            Unlock
          </Button>
          <Text size="xs" c="dimmed">
            Trying takes a second or two: the key is derived slowly so that nobody guesses it quickly. After it you sign
            in as usual.
          </Text>
        </Stack>
      </form>
    </GatePage>
  );
}
