import { Modal, Textarea } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { DialogForm, type FieldErrors } from "@/ui/DialogForm";
import { checkPairs, objectOf, PairsInput, pairsOf } from "@/ui/PairsInput";
import { type Agent, changeAgent } from "./queries";

export interface EditAgentDialogProps {
  agent: Agent;
  isOpen: boolean;
  onClose: () => void;
}

/** Changes what an agent is said to be; its name stays. */
export function EditAgentDialog({ agent, isOpen, onClose }: EditAgentDialogProps) {
  return (
    <Modal opened={isOpen} onClose={onClose} title={`Edit ${agent.name}`} size="lg">
      <EditForm agent={agent} onDone={onClose} />
    </Modal>
  );
}

function EditForm({ agent, onDone }: { agent: Agent; onDone: () => void }) {
  const client = useQueryClient();
  const [description, setDescription] = useState(agent.description);
  const [labels, setLabels] = useState(() => pairsOf(agent.labels as Record<string, string>));
  const submit = async () => {
    await changeAgent(agent.name, { description: description.trim(), labels: objectOf(labels) });
    await client.invalidateQueries({ queryKey: ["agents"] });
    onDone();
  };
  const check = (): FieldErrors => {
    const wrong = checkPairs(labels, "label");
    return wrong ? { labels: wrong } : {};
  };
  return (
    <DialogForm
      verb="Save"
      onSubmit={submit}
      onCancel={onDone}
      check={check}
      shows={(field) => ["description", "labels"].includes(field)}
    >
      {(errorOf) => (
        <>
          <Textarea
            label="Description"
            description="What it is for: helps whoever decides on its requests"
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
            error={errorOf("description")}
            autosize
            minRows={2}
            data-autofocus
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
