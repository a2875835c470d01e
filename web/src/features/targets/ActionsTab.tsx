import { Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { GrantsSection } from "@/features/grants/GrantsSection";
import { patternsMeet } from "@/features/grants/pattern";
import { grantsQuery } from "@/features/grants/queries";
import { VerdictCounts } from "@/features/grants/VerdictCounts";
import { type Column, DataTable } from "@/ui/DataTable";
import { Section } from "@/ui/Section";
import { EffectWord } from "@/ui/Words";
import { type ConnectorAction, type Target, useConnector } from "./queries";

const DURABILITY: Record<string, string> = {
  read: "Grouped: an answer does not wait for the disk",
  strict: "On disk before it runs",
};

/** What can be done on a target, what it does to the world, and who may. */
export function ActionsTab({ target }: { target: Target }) {
  const connector = useConnector(target.connector);
  const grants = useQuery(grantsQuery).data?.filter((grant) => grant.target === target.id);
  const columns: Column<ConnectorAction>[] = [
    { name: "Action", width: "minmax(110px, 1fr)", cell: (action) => <code>{action.name}</code> },
    { name: "Effect", width: "minmax(110px, 130px)", cell: (action) => <EffectWord effect={action.effect} /> },
    {
      name: "Grants that touch it",
      width: "minmax(170px, 1.4fr)",
      isMinor: true,
      cell: (action) => <VerdictCounts grants={grants?.filter((grant) => patternsMeet(grant.action, action.name))} />,
    },
    {
      name: "Its ledger entries",
      width: "minmax(150px, 1.6fr)",
      isMinor: true,
      cell: (action) => (
        <Text size="sm" c="dimmed" component="span">
          {DURABILITY[action.durability] ?? action.durability}
        </Text>
      ),
    },
  ];
  return (
    <Stack gap="xl">
      <Section title="Actions" description="What the connector can do, and what each does to the world.">
        {connector ? (
          <DataTable
            label="Actions"
            columns={columns}
            rows={connector.actions}
            rowKey={(action) => action.name}
            empty={<Text size="sm">The connector has no actions.</Text>}
          />
        ) : (
          <Skeleton height={200} />
        )}
      </Section>
      <GrantsSection target={target} />
    </Stack>
  );
}
