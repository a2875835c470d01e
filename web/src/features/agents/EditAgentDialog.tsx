import { Modal, Textarea } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { asProblem } from "@/api/problem";
import { ChangedMeanwhile } from "@/ui/ChangedMeanwhile";
import { DialogForm, type FieldErrors } from "@/ui/DialogForm";
import { checkPairs, objectOf, PairsInput, pairsOf } from "@/ui/PairsInput";
import { type Agent, agentQuery, changeAgent } from "./queries";

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

const WORDS = [
  ["description", "its description"],
  ["labels", "its labels"],
] as const;

/** What of the second state is other than in the first. */
function changesOf(before: Pick<Agent, "description" | "labels">, after: Pick<Agent, "description" | "labels">) {
  return WORDS.filter(([name]) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}

function EditForm({ agent, onDone }: { agent: Agent; onDone: () => void }) {
  const client = useQueryClient();
  // What the form was filled from. The live agent may become another one meanwhile.
  const [base, setBase] = useState(agent);
  const [description, setDescription] = useState(agent.description);
  const [labels, setLabels] = useState(() => pairsOf(agent.labels as Record<string, string>));
  const [other, setOther] = useState<Agent>();
  const submit = async () => {
    const mine = { description: description.trim(), labels: objectOf(labels) as Agent["labels"] };
    // What stays is left to whoever changed it meanwhile.
    const changes = Object.fromEntries(changesOf(base, mine).map(([name]) => [name, mine[name]]));
    if (Object.keys(changes).length === 0) return onDone();
    try {
      await changeAgent(agent.name, { ...changes, expected_revision: (other ?? base).revision });
    } catch (error) {
      if (asProblem(error).code !== "changed_meanwhile") throw error;
      setOther(await client.fetchQuery({ ...agentQuery(agent.name), staleTime: 0 }));
      return;
    }
    await client.invalidateQueries({ queryKey: ["agents"] });
    onDone();
  };
  const loadOther = () => {
    if (!other) return;
    setBase(other);
    setDescription(other.description);
    setLabels(pairsOf(other.labels as Record<string, string>));
    setOther(undefined);
  };
  const check = (): FieldErrors => {
    const wrong = checkPairs(labels, "label");
    return wrong ? { labels: wrong } : {};
  };
  return (
    <DialogForm
      verb={other ? "Save mine all the same" : "Save"}
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
          {other && (
            <ChangedMeanwhile
              what="agent"
              differences={changesOf(base, other).map(([, words]) => words)}
              before={base.revision}
              now={other.revision}
              onLoad={loadOther}
            />
          )}
        </>
      )}
    </DialogForm>
  );
}
