import { Card, Group, List, Skeleton, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconKey, IconKeyOff } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
import { useActorName } from "@/components/actor/names";
import { profilesQuery, type Target, useConnector } from "@/features/targets/queries";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { MayButton } from "@/ui/MayButton";
import { Section } from "@/ui/Section";
import { Time } from "@/ui/Time";
import { CredentialDialog } from "./CredentialDialog";
import { type Credential, credentialsQuery, removeCredential } from "./queries";
import { labelOf } from "./types";

/** The credentials of a target's profiles: who set them when, never what they are. */
export function CredentialsSection({ target }: { target: Target }) {
  const client = useQueryClient();
  const why = whyNot(useMe(), "configure");
  const connector = useConnector(target.connector);
  const profiles = useQuery(profilesQuery(target.name));
  const credentials = useQuery(credentialsQuery);
  const [setting, setSetting] = useState<string>();
  const [removing, setRemoving] = useState<Credential>();
  const of = (profile: string | undefined) =>
    credentials.data?.find((each) => each.target === target.name && each.profile === profile);
  const error = profiles.error ?? credentials.error;
  return (
    <Section
      title="Credentials"
      description="What the gateway proves itself with to this target, one for each profile. Write only: it is used, replaced, removed, never shown."
    >
      {error && <ErrorNotice error={error} onRetry={() => void credentials.refetch()} />}
      {!profiles.data || !credentials.data ? (
        <Skeleton height={90} />
      ) : (
        profiles.data.map(({ name }) => (
          <CredentialCard
            key={name}
            profile={name}
            credential={of(name)}
            target={target.name}
            why={why}
            onSet={() => setSetting(name)}
            onRemove={() => setRemoving(of(name))}
          />
        ))
      )}
      <CredentialDialog
        target={target}
        profile={setting}
        types={connector?.credential_types ?? []}
        before={of(setting)}
        onClose={() => setSetting(undefined)}
      />
      <ConfirmDialog
        isOpen={removing !== undefined}
        onClose={() => setRemoving(undefined)}
        title={`Remove the credential of ${target.name}`}
        verb="Remove the credential"
        onConfirm={async () => {
          if (!removing) return;
          await removeCredential(removing.target, removing.profile);
          await client.invalidateQueries({ queryKey: ["credentials"] });
          notifications.show({ title: "The credential is removed", message: `${target.name} is called without one.` });
        }}
      >
        This can't be undone: nobody can read the value back.
        <List size="sm" mt="xs">
          <List.Item>calls with profile {removing?.profile} go out without a credential</List.Item>
          <List.Item>requests on it that wait for a decision go stale</List.Item>
        </List>
      </ConfirmDialog>
    </Section>
  );
}

interface CredentialCardProps {
  profile: string;
  target: string;
  credential: Credential | undefined;
  why: string | undefined;
  onSet: () => void;
  onRemove: () => void;
}

function CredentialCard({ profile, target, credential, why, onSet, onRemove }: CredentialCardProps) {
  const setter = useActorName(credential?.set_by ?? undefined);
  return (
    <Card withBorder padding="md">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Stack gap={4} style={{ flex: "1 1 260px" }} miw={0}>
          <Group gap={8}>
            {credential ? <IconKey size={18} aria-hidden /> : <IconKeyOff size={18} aria-hidden />}
            <Title order={3} size="h6">
              Profile {profile}
            </Title>
          </Group>
          {credential ? (
            <>
              <Text size="sm">
                {labelOf(credential.type)}, {credential.shown_as}: <code aria-hidden>********</code>
                <span className="cs-visually-hidden">the value is never shown</span>
              </Text>
              <Text size="sm" c="dimmed">
                Set <Time value={credential.set_at} />
                {credential.set_by && ` by ${credential.set_by_name ?? setter}`}
                {credential.revision > 1 && `, replaced ${credential.revision - 1} times`}
              </Text>
            </>
          ) : (
            <>
              <Text size="sm">No credential: calls go out without one.</Text>
              <Text size="sm" c="dimmed">
                Or in a terminal:{" "}
                <code>
                  countersign credential set {target} --profile {profile} --type bearer --stdin
                </code>
              </Text>
            </>
          )}
        </Stack>
        <Group gap="xs">
          <MayButton why={why} variant={credential ? "default" : "filled"} onClick={onSet}>
            {credential ? "Replace" : "Set the credential"}
          </MayButton>
          {credential && (
            <MayButton why={why} variant="default" onClick={onRemove}>
              Remove
            </MayButton>
          )}
        </Group>
      </Group>
    </Card>
  );
}
