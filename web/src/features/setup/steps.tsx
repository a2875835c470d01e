import { Alert, Code, List, Radio, Stack, Text, TextInput } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { Facts } from "@/ui/Facts";
import type { Draft, Errors } from "./draft";
import { NewSecretFields } from "./NewSecretFields";
import { PASSPHRASE_MINIMUM, PASSWORD_MINIMUM } from "./strength";

/** Stores as people call them. */
const STORES: Record<string, string> = { sqlcipher: "an encrypted database file (SQLCipher) in the data directory" };

export interface StepProps {
  draft: Draft;
  set: (change: Partial<Draft>) => void;
  errors: Errors;
  /** Whether the gateway was started without a passphrase, so that one must be chosen here. */
  needsPassphrase: boolean;
  store: string;
}

export function Welcome({ needsPassphrase, store }: StepProps) {
  return (
    <Stack gap="sm">
      <Text size="sm">
        Countersign stands between your agents and everything they touch. This takes two minutes and makes, in the
        gateway's data directory:
      </Text>
      <List size="sm" spacing={6}>
        <List.Item>
          <b>A vault</b> that keeps the credentials of your targets, so that no agent ever sees one
          {needsPassphrase ? "; you choose its passphrase" : "; its master key is already given to the gateway"}
        </List.Item>
        <List.Item>
          <b>You</b>, the first operator, with the role owner
        </List.Item>
        <List.Item>
          <b>A ledger</b> in which every request, decision and change is recorded and can be verified
        </List.Item>
        <List.Item>
          <b>A store</b> for all of it: {STORES[store] ?? store}
        </List.Item>
      </List>
      <Text size="sm" c="dimmed">
        Nothing is sent anywhere, and nothing is written before you have seen the review at the end.
      </Text>
    </Stack>
  );
}

export function OperatorStep({ draft, set, errors }: StepProps) {
  return (
    <Stack gap="md">
      <TextInput
        label="Your name as an operator"
        description="Stands in the ledger beside what you decide; it can't be changed later."
        value={draft.operator}
        onChange={(event) => set({ operator: event.currentTarget.value })}
        error={errors.operator}
        autoComplete="username"
        spellCheck={false}
        autoFocus
        required
      />
      <Radio.Group
        label="What you sign in with"
        value={draft.signIn}
        onChange={(signIn) => set({ signIn: signIn as Draft["signIn"] })}
      >
        <Stack gap="xs" mt={6}>
          <Radio value="password" label="A password that I choose" />
          <Radio
            value="token"
            label="A sign-in token that is made for me"
            description="Long and random, for a password manager. It is shown once, at the end."
          />
        </Stack>
      </Radio.Group>
      {draft.signIn === "password" && (
        <NewSecretFields
          label="Password"
          minimum={PASSWORD_MINIMUM}
          value={draft.password}
          onChange={(password) => set({ password })}
          repeated={draft.passwordAgain}
          onRepeated={(passwordAgain) => set({ passwordAgain })}
          error={errors.password}
          repeatedError={errors.passwordAgain}
        />
      )}
    </Stack>
  );
}

export function VaultStep({ draft, set, errors, needsPassphrase }: StepProps) {
  if (!needsPassphrase) {
    return (
      <Stack gap="sm">
        <Text size="sm">
          The gateway was started with a master key (<Code>COUNTERSIGN_MASTER_KEY</Code> or its file), so there is
          nothing to choose here. Everything in the store is encrypted under it.
        </Text>
        <Alert variant="light" color="yellow" icon={<IconAlertTriangle />} title="Keep a copy of the master key">
          Whoever has the data directory and the master key has every credential. Without the master key nobody has:
          nothing can be recovered. Keep a copy apart from the data directory and its backups.
        </Alert>
      </Stack>
    );
  }
  return (
    <Stack gap="md">
      <Text size="sm">
        The vault's key is derived from a passphrase. The gateway asks for it at each start, until you give it one by
        file or environment.
      </Text>
      <NewSecretFields
        label="Passphrase"
        description={`At least ${PASSPHRASE_MINIMUM} characters. Four or five random words are good; not your password.`}
        minimum={PASSPHRASE_MINIMUM}
        value={draft.passphrase}
        onChange={(passphrase) => set({ passphrase })}
        repeated={draft.passphraseAgain}
        onRepeated={(passphraseAgain) => set({ passphraseAgain })}
        error={errors.passphrase}
        repeatedError={errors.passphraseAgain}
      />
      <Alert variant="light" color="yellow" icon={<IconAlertTriangle />} title="If it is forgotten">
        Nobody can open the vault any more: every credential, every recorded body and every setting is lost, and the
        gateway has to be set up anew. Write it down and keep it apart from the machine and its backups.
      </Alert>
    </Stack>
  );
}

export function Review({ draft, needsPassphrase, store }: StepProps) {
  return (
    <Stack gap="md">
      <Facts
        facts={[
          ["Operator", `${draft.operator}, owner`],
          ["Signs in with", draft.signIn === "password" ? "the password you chose" : "a sign-in token, shown next"],
          ["Vault", needsPassphrase ? "opened by the passphrase you chose" : "opened by the gateway's master key"],
          ["Store", STORES[store] ?? store],
          ["Address", window.location.origin],
        ]}
      />
      <Text size="sm" c="dimmed">
        The one-time address dies with this. What you sign in with and the passphrase can be changed later in Settings,
        the address by a start-up value; your name and the store stay.
      </Text>
    </Stack>
  );
}
