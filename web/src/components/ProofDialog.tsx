import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { api } from "@/api/client";
import { asProblem } from "@/api/problem";
import { useMe } from "@/app/me";
import { Refused } from "@/features/sign-in/Refused";
import { WayFields } from "@/features/sign-in/WayFields";
import { credential, lastTime, type Way } from "@/features/sign-in/ways";

/** Above every other dialog: it comes up while one waits. */
const ABOVE = 400;

export interface ProofDialogProps {
  isOpen: boolean;
  onClose: () => void;
  onProved: () => void;
}

/** Asks who sits there before a way in is made, changed or ended: a session alone does not prove it. */
export function ProofDialog({ isOpen, onClose, onProved }: ProofDialogProps) {
  const me = useMe();
  const client = useQueryClient();
  const [way, setWay] = useState<Way>(lastTime.way);
  const [secret, setSecret] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const field = useRef<HTMLInputElement>(null);

  useEffect(() => {
    setSecret("");
    if (!isOpen) return;
    setWay(lastTime.way());
    setError(undefined);
  }, [isOpen]);

  const prove = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await api.POST("/api/v1/sessions/proof", { body: credential(way, me?.name ?? "", secret) });
      lastTime.remember(way, me?.name ?? "");
      void client.invalidateQueries({ queryKey: ["me"] });
      onProved();
    } catch (failure) {
      setError(failure);
      requestAnimationFrame(() => field.current?.select());
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened={isOpen} onClose={onClose} title="Prove that it is you" zIndex={ABOVE}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          event.stopPropagation();
          void prove();
        }}
      >
        <Stack gap="sm">
          <Text size="sm">
            What you are about to do makes, changes or ends a way in. The proof holds for five minutes.
          </Text>
          <WayFields
            way={way}
            onWay={(chosen) => {
              setWay(chosen);
              setSecret("");
              setError(undefined);
            }}
            name={me?.name ?? ""}
            secret={secret}
            onSecret={setSecret}
            secretField={field}
            hasError={asProblem(error).code === "invalid_credentials"}
          />
          {error !== undefined && <Refused error={error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
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
