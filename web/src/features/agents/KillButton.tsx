import { Alert, Modal, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconPlayerPlay, IconPlayerStop } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
import { useActorName } from "@/components/actor/names";
import type { Kill, KillScope } from "@/components/kill/useKills";
import { killsQuery, pull, release } from "@/components/kill/useKills";
import { DialogForm } from "@/ui/DialogForm";
import { MayButton } from "@/ui/MayButton";

export interface KillButtonProps {
  scope: KillScope;
  name: string;
  /** The switch that holds it, if one does. */
  kill: Kill | undefined;
  size?: "sm" | "compact-sm";
}

/** Stops an agent or a target at once, or lets it go on. */
export function KillButton({ scope, name, kill, size = "sm" }: KillButtonProps) {
  const [isOpen, setOpen] = useState(false);
  const isOfAll = kill?.scope === "all";
  const why =
    whyNot(useMe(), "kill") ??
    (isOfAll ? "The kill switch for everything is pulled: release that one first, in the header." : undefined);
  return (
    <>
      {kill ? (
        <MayButton
          why={why}
          onClick={() => setOpen(true)}
          variant="default"
          size={size}
          leftSection={<IconPlayerPlay size={16} aria-hidden />}
        >
          Release
        </MayButton>
      ) : (
        <MayButton
          why={why}
          onClick={() => setOpen(true)}
          variant="outline"
          color="red"
          size={size}
          leftSection={<IconPlayerStop size={16} aria-hidden />}
        >
          Stop
        </MayButton>
      )}
      <Modal opened={isOpen} onClose={() => setOpen(false)} title={kill ? `Release ${name}` : `Stop ${name}`}>
        <KillForm scope={scope} name={name} kill={kill} onDone={() => setOpen(false)} />
      </Modal>
    </>
  );
}

function KillForm({ scope, name, kill, onDone }: KillButtonProps & { onDone: () => void }) {
  const client = useQueryClient();
  const [reason, setReason] = useState("");
  const by = useActorName(kill?.by);
  // What the dialog was opened for stays, whatever others do meanwhile.
  const [isRelease] = useState(kill !== undefined);
  const submit = async () => {
    if (kill && isRelease) await release(kill);
    else await pull({ scope, name, reason: reason.trim() });
    await client.invalidateQueries({ queryKey: killsQuery.queryKey });
    notifications.show({
      color: isRelease ? "teal" : "red",
      title: isRelease ? `${name} is released` : `${name} is stopped`,
      message: isRelease ? "What comes is decided on again." : "What ran on it was cancelled; nothing new starts.",
    });
    onDone();
  };
  return (
    <DialogForm
      verb={isRelease ? "Release" : "Stop"}
      color={isRelease ? undefined : "red"}
      onCancel={onDone}
      onSubmit={submit}
      shows={(field) => field === "reason"}
      check={() =>
        isRelease || reason.trim() ? ({} as Record<string, string>) : { reason: "Say why, for the ledger" }
      }
    >
      {(errorOf) => (
        <Stack gap="sm">
          {isRelease ? (
            <Text size="sm">
              Requests {scope === "agent" ? `of ${name}` : `on ${name}`} are decided on again by grants and rules. What
              was stopped stays stopped: it has to be asked for again.
            </Text>
          ) : (
            <Text size="sm">
              Within a second, running calls {scope === "agent" ? `of ${name}` : `on ${name}`} are cancelled and
              requests that wait for a decision are taken back. New ones are refused until you release it.{" "}
              {scope === "agent" ? "Its keys and grants stay." : "Its credentials and grants stay."}
            </Text>
          )}
          {kill?.reason && isRelease && (
            <Alert variant="light" color="red" title={`Stopped by ${by}`}>
              {kill.reason}
            </Alert>
          )}
          {!isRelease && (
            <TextInput
              label="Reason"
              description="Stands in the ledger and beside the switch"
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
              error={errorOf("reason")}
              required
              data-autofocus
            />
          )}
        </Stack>
      )}
    </DialogForm>
  );
}
