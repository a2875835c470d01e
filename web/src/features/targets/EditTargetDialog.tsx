import { Alert, Modal } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { asProblem } from "@/api/problem";
import { ChangedMeanwhile } from "@/ui/ChangedMeanwhile";
import { DialogForm } from "@/ui/DialogForm";
import { type Connector, changeTarget, type Target, targetQuery } from "./queries";
import { TargetFields } from "./TargetFields";
import { changesOf, checkDraft, differences, draftOf, showsField } from "./targetDraft";

export interface EditTargetDialogProps {
  target: Target;
  connector: Connector;
  isOpen: boolean;
  onClose: () => void;
}

/** Changes a target; its name stays. */
export function EditTargetDialog({ target, connector, isOpen, onClose }: EditTargetDialogProps) {
  return (
    <Modal opened={isOpen} onClose={onClose} title={`Edit ${target.name}`} size="lg">
      <EditForm target={target} connector={connector} onDone={onClose} />
    </Modal>
  );
}

interface EditFormProps {
  target: Target;
  connector: Connector;
  onDone: () => void;
}

function EditForm({ target, connector, onDone }: EditFormProps) {
  const client = useQueryClient();
  // What the form was filled from. The live target may become another one meanwhile.
  const [base, setBase] = useState(target);
  const [draft, setDraft] = useState(() => draftOf(target));
  const [other, setOther] = useState<Target>();
  const changes = changesOf(base, draft);
  const isReached = "config" in changes || "allow_private_network" in changes;

  const submit = async () => {
    if (Object.keys(changes).length === 0) return onDone();
    try {
      await changeTarget(target.name, { ...changes, expected_revision: (other ?? base).revision });
    } catch (error) {
      if (asProblem(error).code !== "changed_meanwhile") throw error;
      setOther(await client.fetchQuery({ ...targetQuery(target.name), staleTime: 0 }));
      return;
    }
    await client.invalidateQueries({ queryKey: ["targets"] });
    onDone();
  };
  const loadOther = () => {
    if (!other) return;
    setBase(other);
    setDraft(draftOf(other));
    setOther(undefined);
  };
  return (
    <DialogForm
      verb={other ? "Save mine all the same" : "Save"}
      onSubmit={submit}
      onCancel={onDone}
      check={() => checkDraft(connector, draft)}
      shows={showsField}
    >
      {(errorOf) => (
        <>
          <TargetFields connector={connector} draft={draft} onChange={setDraft} errorOf={errorOf} />
          {isReached && (
            <Alert variant="light" color="yellow" title="Pending requests on it go stale">
              This changes what approvers saw: whatever waits for a decision or was approved and has not run is taken
              back, and has to be asked for again.
            </Alert>
          )}
          {other && (
            <ChangedMeanwhile
              what="target"
              differences={differences(base, other)}
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
