import { ActionIcon, List, Menu, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconDots, IconPassword, IconPlus, IconUserOff, IconUserShield, IconUsers } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { type Column, DataTable } from "@/ui/DataTable";
import { EmptyState } from "@/ui/EmptyState";
import { MayButton, MayIcon } from "@/ui/MayButton";
import { Section } from "@/ui/Section";
import { TableSkeleton } from "@/ui/TableSkeleton";
import { Time } from "@/ui/Time";
import { AddOperatorDialog } from "./AddOperatorDialog";
import { PasswordDialog } from "./PasswordDialog";
import { disableOperator, type Operator, operatorsQuery } from "./queries";
import { RoleDialog } from "./RoleDialog";
import { RoleWord } from "./roles";

type Act = "role" | "password" | "disable";

interface ActionsProps {
  operator: Operator;
  why: string | undefined;
  onAct: (act: Act) => void;
}

function Actions({ operator, why, onAct }: ActionsProps) {
  const label = `Actions for ${operator.name}`;
  if (operator.disabled_at) return null;
  if (why) {
    return (
      <MayIcon label={label} why={why} onClick={() => {}}>
        <IconDots size={18} />
      </MayIcon>
    );
  }
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon aria-label={label}>
          <IconDots size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconUserShield size={16} />} onClick={() => onAct("role")}>
          Change role
        </Menu.Item>
        <Menu.Item leftSection={<IconPassword size={16} />} onClick={() => onAct("password")}>
          Set password
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<IconUserOff size={16} />} onClick={() => onAct("disable")}>
          Shut out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** Who signs in, and what they may do. */
export function OperatorsTab() {
  const client = useQueryClient();
  const me = useMe();
  const operators = useQuery(operatorsQuery);
  const [isAdding, setAdding] = useState(false);
  const [acted, setActed] = useState<{ act: Act; operator: Operator }>();
  const why = whyNot(me, "manage_operators");
  const of = (act: Act) => (acted?.act === act ? acted.operator : undefined);
  const close = () => setActed(undefined);
  const gone = of("disable");
  const rows = operators.data
    ?.slice()
    .sort((one, other) => Number(Boolean(one.disabled_at)) - Number(Boolean(other.disabled_at)));
  const columns: Column<Operator>[] = [
    {
      name: "Name",
      width: "minmax(110px, 1.4fr)",
      cell: ({ id, name, disabled_at }) => (
        <>
          <Text span size="sm" fw={600} td={disabled_at ? "line-through" : undefined}>
            {name}
          </Text>
          {id === me?.id && " (you)"}
          {disabled_at && " shut out"}
        </>
      ),
    },
    { name: "Role", width: "minmax(104px, 120px)", cell: ({ role }) => <RoleWord role={role} /> },
    {
      name: "Password",
      width: "minmax(80px, 1fr)",
      isMinor: true,
      cell: ({ has_password }) => (has_password ? "set" : "none: signs in by token"),
    },
    { name: "Created", width: "120px", isMinor: true, cell: ({ created_at }) => <Time value={created_at} /> },
    {
      name: "Shut out",
      width: "120px",
      isMinor: true,
      cell: ({ disabled_at }) => (disabled_at ? <Time value={disabled_at} /> : "no"),
    },
    {
      name: "Act",
      width: "44px",
      cell: (operator) => <Actions operator={operator} why={why} onAct={(act) => setActed({ act, operator })} />,
    },
  ];
  const add = (
    <MayButton why={why} onClick={() => setAdding(true)} leftSection={<IconPlus size={16} aria-hidden />}>
      Add an operator
    </MayButton>
  );
  return (
    <Section
      title="Operators"
      description="The people who decide and configure. Agents are never operators: no key of an agent can approve anything."
      actions={add}
    >
      {operators.isPending ? (
        <TableSkeleton label="Operators" />
      ) : (
        <DataTable
          label="Operators"
          columns={columns}
          rows={rows}
          rowKey={({ id }) => id}
          error={operators.error}
          onRetry={() => void operators.refetch()}
          empty={
            <EmptyState icon={IconUsers} title="No operators" command="countersign operator add NAME --role approver">
              Nobody can sign in.
            </EmptyState>
          }
        />
      )}
      <AddOperatorDialog isOpen={isAdding} onClose={() => setAdding(false)} />
      <RoleDialog operator={of("role")} onClose={close} />
      <PasswordDialog operator={of("password")} onClose={close} />
      <ConfirmDialog
        isOpen={gone !== undefined}
        onClose={close}
        title={`Shut ${gone?.name ?? ""} out`}
        verb="Shut out"
        typed={gone?.name ?? ""}
        onConfirm={async () => {
          if (!gone) return;
          await disableOperator(gone.id);
          await client.invalidateQueries({ queryKey: ["operators"] });
          await client.invalidateQueries({ queryKey: ["sessions"] });
          await client.invalidateQueries({ queryKey: ["tokens"] });
          notifications.show({
            title: `${gone.name} is shut out`,
            message: "Their sessions, tokens and keys have ended.",
          });
        }}
      >
        This can't be undone:
        <List size="sm" mt="xs">
          <List.Item>their sessions end within a second, and their sign-in tokens and keys stop working</List.Item>
          <List.Item>
            what they decided stays decided, and the ledger keeps their name: nobody else can take it
          </List.Item>
          {gone?.id === me?.id && <List.Item>it is you: you are signed out at once</List.Item>}
        </List>
      </ConfirmDialog>
    </Section>
  );
}
