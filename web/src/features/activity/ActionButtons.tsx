import { Button, Group, Modal, Radio, Stack, Text, Textarea } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, type Schemas } from "@/api/client";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
import { actionKey } from "@/components/approval/action";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { MayButton } from "@/ui/MayButton";

type Action = Schemas["ActionView"];

/** What can be done with an action, by where it stands. */
export function ActionButtons({ action }: { action: Action }) {
  const client = useQueryClient();
  const [isCancelOpen, cancel] = useDisclosure(false);
  const [isSettleOpen, settle] = useDisclosure(false);
  const why = whyNot(useMe(), "decide");
  const renew = () => client.invalidateQueries({ queryKey: actionKey(action.id) });
  return (
    <>
      {(action.state === "pending" || action.state === "approved") && (
        <MayButton variant="default" why={why} onClick={cancel.open}>
          Take back
        </MayButton>
      )}
      {action.state === "pending" && (
        <Button component={Link} to="/dashboard/inbox" search={{ id: action.id } as never}>
          Open in Inbox
        </Button>
      )}
      {action.state === "unknown" && (
        <MayButton why={why} onClick={settle.open}>
          Settle
        </MayButton>
      )}
      <ConfirmDialog
        isOpen={isCancelOpen}
        onClose={cancel.close}
        title="Take the action back?"
        verb="Take back"
        onConfirm={async () => {
          await api.POST("/api/v1/actions/{id}/cancel", { params: { path: { id: action.id } } });
          await renew();
        }}
      >
        It will not run, and this can't be undone: the agent would have to ask again. The agent sees that it was taken
        back.
      </ConfirmDialog>
      <SettleDialog id={action.id} isOpen={isSettleOpen} onClose={settle.close} onDone={renew} />
    </>
  );
}

interface SettleDialogProps {
  id: string;
  isOpen: boolean;
  onClose: () => void;
  onDone: () => Promise<unknown>;
}

/** Writes down what a human found out about an outcome that was lost. */
function SettleDialog({ id, isOpen, onClose, onDone }: SettleDialogProps) {
  const [answer, setAnswer] = useState("");
  const [note, setNote] = useState("");
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const send = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await api.POST("/api/v1/actions/{id}/settle", {
        params: { path: { id } },
        body: { succeeded: answer === "yes", note },
      });
      await onDone();
      onClose();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened={isOpen} onClose={onClose} title="Settle what nobody knows">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <Stack gap="md">
          <Text size="sm">
            The gateway lost sight of this call, so it may or may not have taken effect. It is never sent again. Look at
            the target, then write down what you found; that can't be changed later.
          </Text>
          <Radio.Group label="Did it take effect?" value={answer} onChange={setAnswer} required>
            <Stack gap={6} mt={6}>
              <Radio value="yes" label="Yes, it took effect" data-autofocus />
              <Radio value="no" label="No, it had no effect" />
            </Stack>
          </Radio.Group>
          <Textarea
            label="How was that found out?"
            description="For the ledger; at most 2,000 characters."
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
            maxLength={2000}
            autosize
            minRows={3}
          />
          {error !== undefined && <ErrorNotice error={error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={isBusy} disabled={answer === ""}>
              Settle
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
