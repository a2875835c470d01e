import { Button, Group, Modal, Stack, Textarea, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { Schemas } from "@/api/client";
import { KeyShown } from "@/features/keys/KeyShown";
import { DialogForm, type FieldErrors } from "@/ui/DialogForm";
import { checkName } from "@/ui/names";
import { checkPairs, objectOf, type Pair, PairsInput } from "@/ui/PairsInput";
import { addAgent } from "./queries";

export interface CreateAgentDialogProps {
  isOpen: boolean;
  onClose: () => void;
}

/** Adds an agent, then shows its first key this once. */
export function CreateAgentDialog({ isOpen, onClose }: CreateAgentDialogProps) {
  const [added, setAdded] = useState<Schemas["AddedAgent"]>();
  const close = () => {
    // The key leaves the page's memory with the dialog.
    setAdded(undefined);
    onClose();
  };
  return (
    <Modal
      opened={isOpen}
      onClose={close}
      title={added ? `Agent ${added.name} is added` : "Add an agent"}
      size="lg"
      // A click beside the dialog must not lose a key that was not copied yet.
      closeOnClickOutside={!added}
    >
      {added ? <AddedAgent agent={added} onClose={close} /> : <AgentForm onAdded={setAdded} onCancel={close} />}
    </Modal>
  );
}

function AgentForm({ onAdded, onCancel }: { onAdded: (agent: Schemas["AddedAgent"]) => void; onCancel: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [labels, setLabels] = useState<Pair[]>([]);
  const check = () => {
    const errors: FieldErrors = {};
    const wrongName = checkName(name);
    if (wrongName) errors.name = wrongName;
    const wrongLabels = checkPairs(labels, "label");
    if (wrongLabels) errors.labels = wrongLabels;
    return errors;
  };
  const submit = async () => {
    const agent = await addAgent({ name, description: description.trim(), labels: objectOf(labels) });
    for (const list of ["agents", "keys"]) void client.invalidateQueries({ queryKey: [list] });
    onAdded(agent);
  };
  return (
    <DialogForm
      verb="Add the agent"
      onSubmit={submit}
      onCancel={onCancel}
      check={check}
      shows={(field) => ["name", "description", "labels"].includes(field)}
    >
      {(errorOf) => (
        <>
          <TextInput
            label="Name"
            description="Stands on approvals and in the ledger, and can't be changed later"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={errorOf("name")}
            required
            data-autofocus
            autoComplete="off"
            spellCheck={false}
          />
          <Textarea
            label="Description"
            description="What it is for: helps whoever decides on its requests"
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
            error={errorOf("description")}
            autosize
            minRows={2}
          />
          <PairsInput
            label="Labels"
            what="label"
            description="Names and values that rules can look at"
            pairs={labels}
            onChange={setLabels}
            error={errorOf("labels")}
          />
        </>
      )}
    </DialogForm>
  );
}

function AddedAgent({ agent, onClose }: { agent: Schemas["AddedAgent"]; onClose: () => void }) {
  const navigate = useNavigate();
  return (
    <Stack gap="md">
      <KeyShown secret={agent.key}>
        Its first key asks for actions and reads its own requests. It may do nothing yet: give it a grant next.
      </KeyShown>
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose}>
          Close
        </Button>
        <Button
          onClick={() => {
            onClose();
            void navigate({
              to: "/dashboard/agents/$name/$tab",
              params: { name: agent.name, tab: "grants" },
            });
          }}
        >
          Go to its grants
        </Button>
      </Group>
    </Stack>
  );
}
