import { Alert, Badge, Modal, PasswordInput, Progress, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconAlertTriangle, IconLockOpen, IconRefresh } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "@/api/client";
import { asProblem } from "@/api/problem";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
import { checkNewSecret, NewSecretFields } from "@/features/setup/NewSecretFields";
import { PASSPHRASE_MINIMUM } from "@/features/setup/strength";
import { DialogForm, type FieldErrors } from "@/ui/DialogForm";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { Facts } from "@/ui/Facts";
import { MayButton } from "@/ui/MayButton";
import { Section } from "@/ui/Section";
import { Time } from "@/ui/Time";
import { rekey, vaultQuery } from "./queries";

function RekeyForm({ onClose }: { onClose: () => void }) {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const [wrong, setWrong] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const check = (): FieldErrors => {
    const found = checkNewSecret(next, again, PASSPHRASE_MINIMUM);
    return {
      ...(current === "" ? { current: "Type the passphrase as it is now." } : {}),
      ...(found.secret ? { new: found.secret } : {}),
      ...(found.repeated ? { again: found.repeated } : {}),
      ...(next !== "" && next === current ? { new: "This is the passphrase as it is: choose another." } : {}),
    };
  };
  return (
    <DialogForm
      verb="Change the passphrase"
      onCancel={onClose}
      check={check}
      shows={(field) => ["current", "new"].includes(field)}
      onSubmit={async () => {
        setWrong(undefined);
        setBusy(true);
        try {
          await rekey(current, next);
        } catch (error) {
          if (asProblem(error).code !== "wrong_passphrase") throw error;
          setWrong("This is not the passphrase: nothing was changed.");
          return;
        } finally {
          setBusy(false);
        }
        notifications.show({
          color: "teal",
          autoClose: 15_000,
          title: "The passphrase is changed",
          message: "Put the new one where the gateway gets it from before its next start.",
        });
        onClose();
      }}
    >
      {(errorOf) => (
        <>
          <Text size="sm">
            The key that everything is encrypted with is wrapped again, under the new passphrase. Nothing else is
            rewritten, no agent notices, and it takes a few seconds. The ledger records it.
          </Text>
          <PasswordInput
            label="Passphrase as it is"
            value={current}
            onChange={(event) => setCurrent(event.currentTarget.value)}
            error={wrong ?? errorOf("current")}
            autoComplete="off"
            data-autofocus
            required
            visibilityToggleButtonProps={{ "aria-label": "Show or hide what is typed", tabIndex: 0 }}
          />
          <NewSecretFields
            label="New passphrase"
            minimum={PASSPHRASE_MINIMUM}
            value={next}
            onChange={setNext}
            repeated={again}
            onRepeated={setAgain}
            error={errorOf("new")}
            repeatedError={errorOf("again")}
          />
          <Alert variant="light" color="yellow" icon={<IconAlertTriangle />} title="Afterwards">
            Where the gateway gets the passphrase by <code>COUNTERSIGN_MASTER_KEY</code> or a file, put the new one
            there: with the old one it starts locked. Backups made before still open with the old one.
          </Alert>
          {isBusy && (
            <Stack gap={4} role="status">
              <Text size="sm">Deriving the key and wrapping: do not close this page.</Text>
              <Progress value={100} animated striped aria-label="Changing the passphrase" />
            </Stack>
          )}
        </>
      )}
    </DialogForm>
  );
}

const SOURCES: Record<Schemas["PassphraseSource"], string> = {
  env: "a variable of the environment",
  file: "a file",
  prompt: "somebody at the terminal, at the start",
  browser: "somebody in a browser: at the set-up, or to unlock it after a start",
};

/** What keeps the secrets. */
export function VaultTab() {
  const vault = useQuery(vaultQuery);
  const why = whyNot(useMe(), "manage_vault");
  const [isOpen, setOpen] = useState(false);
  return (
    <Section
      title="Vault"
      description="Keeps the credentials of targets and the evidence, encrypted. No secret in it is ever shown, not here either."
      actions={
        <MayButton why={why} onClick={() => setOpen(true)} leftSection={<IconRefresh size={16} aria-hidden />}>
          Change the passphrase
        </MayButton>
      }
    >
      {vault.error && <ErrorNotice error={vault.error} onRetry={() => void vault.refetch()} />}
      {vault.data && (
        <Facts
          facts={[
            [
              "State",
              <Badge key="state" variant="light" color="teal" leftSection={<IconLockOpen size={13} aria-hidden />}>
                {vault.data.locked ? "locked" : "open"}
              </Badge>,
            ],
            [
              "The passphrase came from",
              vault.data.passphrase_source ? SOURCES[vault.data.passphrase_source] : "not known",
            ],
            [
              "Passphrase changed",
              vault.data.rekeyed_at ? <Time key="rekeyed" value={vault.data.rekeyed_at} /> : "never",
            ],
            [
              "Locking it",
              <span key="locking">
                Stop the gateway. Without <code>COUNTERSIGN_MASTER_KEY</code> it starts locked and waits for the
                passphrase at <code>/unlock</code> or <code>countersign vault unlock</code>.
              </span>,
            ],
            [
              "If the passphrase is lost",
              "Nothing can be opened any more, by anybody. Keep it apart from the machine and its backups.",
            ],
          ]}
        />
      )}
      <Modal opened={isOpen} onClose={() => setOpen(false)} title="Change the passphrase of the vault" size="lg">
        <RekeyForm onClose={() => setOpen(false)} />
      </Modal>
    </Section>
  );
}
