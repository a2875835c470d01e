import { Alert, Button, Group, Modal, NativeSelect, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { IconPlugConnected } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { DialogForm, type FieldErrors } from "@/ui/DialogForm";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { checkName } from "@/ui/names";
import { useTest } from "./connectionTest";
import { addTarget, type Connector, connectorsQuery, type Target } from "./queries";
import { TargetFields } from "./TargetFields";
import { TestNotice } from "./TestNotice";
import { bodyOf, checkDraft, newDraft, showsField } from "./targetDraft";

export interface CreateTargetDialogProps {
  isOpen: boolean;
  onClose: () => void;
}

/** Adds a target, then tries to reach it and leads on to its credential. */
export function CreateTargetDialog({ isOpen, onClose }: CreateTargetDialogProps) {
  const connectors = useQuery(connectorsQuery);
  const [added, setAdded] = useState<Target>();
  const close = () => {
    setAdded(undefined);
    onClose();
  };
  return (
    <Modal opened={isOpen} onClose={close} title={added ? `Target ${added.name} is added` : "Add a target"} size="lg">
      {added ? (
        <AddedTarget target={added} onClose={close} />
      ) : connectors.data ? (
        <TargetForm connectors={connectors.data.filter(isReachable)} onAdded={setAdded} onCancel={close} />
      ) : connectors.error ? (
        <ErrorNotice error={connectors.error} onRetry={() => void connectors.refetch()} />
      ) : (
        <Skeleton height={240} />
      )}
    </Modal>
  );
}

interface TargetFormProps {
  connectors: readonly Connector[];
  onAdded: (target: Target) => void;
  onCancel: () => void;
}

/** Whether it reaches something. What callers carry out themselves has one target, which is there when it is needed. */
const isReachable = (connector: Connector) => connector.credential_types.length > 0;

function TargetForm({ connectors, onAdded, onCancel }: TargetFormProps) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [connector, setConnector] = useState(connectors[0]);
  const [draft, setDraft] = useState(() => (connectors[0] ? newDraft(connectors[0]) : undefined));
  if (!connector || !draft) return <Text>This gateway speaks no protocol: it was built without connectors.</Text>;
  const check = () => {
    const errors: FieldErrors = checkDraft(connector, draft);
    const wrongName = checkName(name);
    if (wrongName) errors.name = wrongName;
    return errors;
  };
  const submit = async () => {
    const target = await addTarget({ name, connector: connector.name, ...bodyOf(draft) });
    void client.invalidateQueries({ queryKey: ["targets"] });
    onAdded(target);
  };
  return (
    <DialogForm verb="Add and test" onSubmit={submit} onCancel={onCancel} check={check} shows={showsField}>
      {(errorOf) => (
        <>
          <TextInput
            label="Name"
            description="What agents call it by; can't be changed later"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={errorOf("name")}
            required
            data-autofocus
            autoComplete="off"
            spellCheck={false}
          />
          <NativeSelect
            label="Connector"
            description={connector.summary}
            value={connector.name}
            onChange={(event) => {
              const next = connectors.find((each) => each.name === event.currentTarget.value);
              if (!next) return;
              setConnector(next);
              setDraft(newDraft(next));
            }}
            data={connectors.map((each) => each.name)}
            error={errorOf("connector")}
          />
          <TargetFields connector={connector} draft={draft} onChange={setDraft} errorOf={errorOf} />
        </>
      )}
    </DialogForm>
  );
}

function AddedTarget({ target, onClose }: { target: Target; onClose: () => void }) {
  const navigate = useNavigate();
  const { mutate, data, isPending } = useTest(target.name);
  useEffect(() => mutate(), [mutate]);
  const go = (tab: string) => {
    onClose();
    void navigate({ to: "/dashboard/targets/$name/$tab", params: { name: target.name, tab } });
  };
  return (
    <Stack gap="md">
      {data && !isPending ? (
        <TestNotice test={data} />
      ) : (
        <Alert role="status" variant="light" icon={<IconPlugConnected />} title="Trying to reach it …">
          Without an action and without a credential; at most ten seconds.
        </Alert>
      )}
      {data && !data.isOk && !isPending && (
        <Text size="sm">The target is saved. Its address can be changed on its page, and the test run again.</Text>
      )}
      <Text size="sm">
        Next: set the credential that the gateway uses for it, then give an agent a grant on it. Until then nobody can
        use it.
      </Text>
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={() => mutate()} loading={isPending}>
          Test again
        </Button>
        <Button variant="default" onClick={() => go("overview")}>
          Open the target
        </Button>
        <Button onClick={() => go("credentials")}>Set its credential</Button>
      </Group>
    </Stack>
  );
}
