import { Modal, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { DialogForm } from "@/ui/DialogForm";
import { type Operator, setRole } from "./queries";
import { RoleChoice } from "./roles";

function RoleForm({ operator, onClose }: { operator: Operator; onClose: () => void }) {
  const client = useQueryClient();
  const [role, choose] = useState<string>(operator.role);
  return (
    <DialogForm
      verb="Change the role"
      onCancel={onClose}
      shows={(field) => field === "role"}
      onSubmit={async () => {
        if (role !== operator.role) {
          await setRole(operator.id, role);
          await client.invalidateQueries({ queryKey: ["operators"] });
          await client.invalidateQueries({ queryKey: ["me"] });
          notifications.show({ title: `${operator.name} is ${role} now`, message: "It holds from the next call on." });
        }
        onClose();
      }}
    >
      {(errorOf) => (
        <>
          <RoleChoice value={role} onChange={choose} error={errorOf("role")} />
          <Text size="sm" c="dimmed">
            Their sessions and keys stay and may only do what the new role may.
          </Text>
        </>
      )}
    </DialogForm>
  );
}

export function RoleDialog({ operator, onClose }: { operator: Operator | undefined; onClose: () => void }) {
  return (
    <Modal opened={operator !== undefined} onClose={onClose} title={`Role of ${operator?.name ?? ""}`}>
      {operator && <RoleForm operator={operator} onClose={onClose} />}
    </Modal>
  );
}
