import { Badge, Radio, Stack } from "@mantine/core";
import { IconCrown, IconEye, IconGavel } from "@tabler/icons-react";

export const ROLES = [
  {
    value: "owner",
    label: "Owner",
    description: "Everything: agents, targets, credentials, keys, operators, the vault, and decisions",
    icon: IconCrown,
    color: "grape",
  },
  {
    value: "approver",
    label: "Approver",
    description:
      "Approves and denies requests, pulls the kill switch, asks on an agent's behalf; changes no configuration",
    icon: IconGavel,
    color: "ink",
  },
  {
    value: "viewer",
    label: "Viewer",
    description: "Reads everything but secrets; changes nothing",
    icon: IconEye,
    color: "gray",
  },
] as const;

export function RoleWord({ role }: { role: string }) {
  const look = ROLES.find(({ value }) => value === role);
  const Picture = look?.icon ?? IconEye;
  return (
    <Badge variant="light" color={look?.color ?? "gray"} leftSection={<Picture size={13} aria-hidden />}>
      {role}
    </Badge>
  );
}

export interface RoleChoiceProps {
  value: string;
  onChange: (role: string) => void;
  error?: string | undefined;
}

/** A role, with what it may do. */
export function RoleChoice({ value, onChange, error }: RoleChoiceProps) {
  return (
    <Radio.Group label="Role" value={value} onChange={onChange} error={error} required>
      <Stack gap="xs" mt={6}>
        {ROLES.map((role) => (
          <Radio key={role.value} value={role.value} label={role.label} description={role.description} />
        ))}
      </Stack>
    </Radio.Group>
  );
}
