import { Button, Group, Modal, PasswordInput, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { api, setProofAsker } from "@/api/client";
import { useMe } from "@/app/me";
import { ErrorNotice } from "@/ui/ErrorNotice";

type Way = "password" | "token" | "key";

/** Asks who sits there before a new way in is made: a session alone does not prove it. */
export function ProofDialog() {
  const me = useMe();
  const [isOpen, setOpen] = useState(false);
  const [way, setWay] = useState<Way>("password");
  const [secret, setSecret] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const answer = useRef<(isProved: boolean) => void>(() => {});

  useEffect(() => {
    setProofAsker(
      () =>
        new Promise((resolve) => {
          answer.current = resolve;
          setError(undefined);
          setSecret("");
          setOpen(true);
        }),
    );
    return () => setProofAsker(async () => false);
  }, []);

  const end = (isProved: boolean) => {
    setOpen(false);
    setSecret("");
    answer.current(isProved);
  };
  const prove = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const proof =
        way === "password"
          ? { name: me?.name ?? "", password: secret }
          : way === "token"
            ? { token: secret }
            : { key: secret };
      await api.POST("/api/v1/sessions/proof", { body: proof });
      end(true);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened={isOpen} onClose={() => end(false)} title="Prove that it is you" zIndex={400}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void prove();
        }}
      >
        <Stack gap="sm">
          <Text size="sm">
            What you are about to do makes, changes or ends a way in. The proof holds for five minutes.
          </Text>
          <SegmentedControl
            aria-label="How to prove it"
            value={way}
            onChange={(value) => setWay(value as Way)}
            data={[
              { value: "password", label: "Password" },
              { value: "token", label: "Sign-in token" },
              { value: "key", label: "Key" },
            ]}
          />
          <TextInput label="Operator" value={me?.name ?? ""} readOnly autoComplete="username" name="username" />
          <PasswordInput
            label={way === "password" ? "Password" : way === "token" ? "Sign-in token" : "Key"}
            value={secret}
            onChange={(event) => setSecret(event.currentTarget.value)}
            autoComplete={way === "password" ? "current-password" : "off"}
            data-autofocus
            required
          />
          {error !== undefined && <ErrorNotice error={error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={() => end(false)}>
              Cancel
            </Button>
            <Button type="submit" loading={isBusy}>
              Go on
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
