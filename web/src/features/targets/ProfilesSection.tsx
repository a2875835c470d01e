import { List, Modal, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
import { credentialsQuery } from "@/features/credentials/queries";
import { grantsQuery } from "@/features/grants/queries";
import { ConfirmDialog } from "@/ui/ConfirmDialog";
import { count } from "@/ui/count";
import { type Column, DataTable } from "@/ui/DataTable";
import { DialogForm, type FieldErrors } from "@/ui/DialogForm";
import { MayButton, MayIcon } from "@/ui/MayButton";
import { checkName } from "@/ui/names";
import { Section } from "@/ui/Section";
import { SchemaForm } from "@/ui/schema/SchemaForm";
import { checkSchema, defaultsOf, pruned } from "@/ui/schema/schema";
import {
  addProfile,
  type Connector,
  type Profile,
  profilesQuery,
  removeProfile,
  type Target,
  useConnector,
} from "./queries";

const DEFAULT = "default";

/** The target with other credentials or narrower limits. */
export function ProfilesSection({ target }: { target: Target }) {
  const client = useQueryClient();
  const why = whyNot(useMe(), "configure");
  const connector = useConnector(target.connector);
  const profiles = useQuery(profilesQuery(target.name));
  const credentials = useQuery(credentialsQuery).data;
  const grants = useQuery(grantsQuery).data;
  const [isAdding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Profile>();
  const grantsOf = (profile: Profile) => grants?.filter((grant) => grant.profile === profile.id).length ?? 0;
  const credentialOf = (profile: Profile) =>
    credentials?.find((each) => each.target === target.name && each.profile === profile.name);
  const columns: Column<Profile>[] = [
    { name: "Name", width: "minmax(100px, 1fr)", cell: (profile) => <b>{profile.name}</b> },
    { name: "Credential", width: "minmax(100px, 1fr)", cell: (profile) => credentialOf(profile)?.type ?? "none" },
    {
      name: "Limits",
      width: "minmax(140px, 2fr)",
      isMinor: true,
      cell: (profile) =>
        Object.keys(profile.limits).length === 0 ? "none" : <code>{JSON.stringify(profile.limits)}</code>,
    },
    { name: "Grants", width: "80px", isMinor: true, cell: grantsOf },
    {
      name: "Remove",
      width: "60px",
      cell: (profile) => (
        <MayIcon
          why={why ?? (profile.name === DEFAULT ? "The default profile stays as long as its target." : undefined)}
          label={`Remove ${profile.name}`}
          onClick={() => setRemoving(profile)}
        >
          <IconTrash size={18} />
        </MayIcon>
      ),
    },
  ];
  return (
    <Section
      title="Profiles"
      description="A profile is the target with its own credential and limits: grants name it, so that two agents can use two accounts."
      actions={
        <MayButton why={why} onClick={() => setAdding(true)} leftSection={<IconPlus size={16} aria-hidden />}>
          Add a profile
        </MayButton>
      }
    >
      <DataTable
        label="Profiles"
        columns={columns}
        rows={profiles.data}
        rowKey={(profile) => profile.id}
        error={profiles.error}
        onRetry={() => void profiles.refetch()}
        empty={null}
      />
      <Modal opened={isAdding} onClose={() => setAdding(false)} title={`Add a profile to ${target.name}`}>
        {connector && <ProfileForm target={target} connector={connector} onDone={() => setAdding(false)} />}
      </Modal>
      <ConfirmDialog
        isOpen={removing !== undefined}
        onClose={() => setRemoving(undefined)}
        title={`Remove ${removing?.name ?? ""}`}
        verb="Remove the profile"
        typed={removing?.name}
        onConfirm={async () => {
          if (!removing) return;
          await removeProfile(target.name, removing.name);
          for (const list of ["targets", "credentials", "grants"]) void client.invalidateQueries({ queryKey: [list] });
          notifications.show({
            title: `${removing.name} is removed`,
            message: `${target.name} keeps its other profiles.`,
          });
        }}
      >
        This can't be undone. What is lost:
        <List size="sm" mt="xs">
          <List.Item>
            {removing && credentialOf(removing)
              ? "its credential: nobody can read it back"
              : "no credential: none is set"}
          </List.Item>
          <List.Item>{count(removing ? grantsOf(removing) : 0, "grant")} with it</List.Item>
        </List>
      </ConfirmDialog>
    </Section>
  );
}

interface ProfileFormProps {
  target: Target;
  connector: Connector;
  onDone: () => void;
}

function ProfileForm({ target, connector, onDone }: ProfileFormProps) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [limits, setLimits] = useState(() => defaultsOf(connector.profile_schema));
  const check = () => {
    const errors: FieldErrors = checkSchema(connector.profile_schema, pruned(limits), "limits");
    const wrongName = checkName(name);
    if (wrongName) errors.name = wrongName;
    return errors;
  };
  const submit = async () => {
    await addProfile(target.name, { name, limits: pruned(limits) as never });
    await client.invalidateQueries({ queryKey: ["targets", "profiles", target.name] });
    onDone();
  };
  return (
    <DialogForm
      verb="Add the profile"
      onSubmit={submit}
      onCancel={onDone}
      check={check}
      shows={(field) => field === "name" || field.startsWith("limits.")}
    >
      {(errorOf) => (
        <>
          <TextInput
            label="Name"
            description="Such as read-only, staging"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={errorOf("name")}
            required
            data-autofocus
            autoComplete="off"
            spellCheck={false}
          />
          <SchemaForm
            schema={connector.profile_schema}
            path="limits"
            value={limits}
            onChange={setLimits}
            errorOf={errorOf}
            empty={`The ${connector.name} connector knows no limits of its own: the profile has its own credential.`}
          />
        </>
      )}
    </DialogForm>
  );
}
