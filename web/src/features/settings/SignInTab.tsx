import { Checkbox, NumberInput, Stack, Text } from "@mantine/core";
import { IconPassword } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useMe } from "@/app/me";
import { MayButton } from "@/ui/MayButton";
import { Section } from "@/ui/Section";
import { KeysOfOperators } from "./KeysOfOperators";
import { PasswordDialog } from "./PasswordDialog";
import { operatorsQuery } from "./queries";
import { SecondsInput } from "./SecondsInput";
import { SettingsForm } from "./SettingsForm";
import { TokensSection } from "./TokensSection";

function MyPassword() {
  const me = useMe();
  const [isOpen, setOpen] = useState(false);
  const mine = useQuery(operatorsQuery).data?.find(({ id }) => id === me?.id);
  return (
    <Section
      title="My password"
      description={
        mine?.has_password
          ? "You can sign in with a password."
          : "You have no password: you sign in with a token or key."
      }
      actions={
        <MayButton
          why={undefined}
          variant="default"
          onClick={() => setOpen(true)}
          leftSection={<IconPassword size={16} aria-hidden />}
        >
          {mine?.has_password ? "Set a new password" : "Set a password"}
        </MayButton>
      }
    >
      <PasswordDialog operator={isOpen && me ? me : undefined} onClose={() => setOpen(false)} />
    </Section>
  );
}

/** How people prove who they are. */
export function SignInTab() {
  return (
    <Stack gap="xl">
      <MyPassword />
      <TokensSection />
      <KeysOfOperators />
      <Section title="Rules of signing in" description="They hold for every operator.">
        <SettingsForm
          label="Rules of signing in"
          fields={["sign_in.attempts", "sign_in.lockout_seconds", "session_hours"]}
        >
          {({ settings, set, errorOf, why }) => (
            <>
              <Stack gap="xs">
                <Checkbox
                  label="By password"
                  checked={settings.sign_in.password}
                  onChange={(event) => !why && set({ sign_in: { password: event.currentTarget.checked } })}
                  readOnly={Boolean(why)}
                />
                <Checkbox
                  label="By sign-in token"
                  checked={settings.sign_in.token}
                  onChange={(event) => !why && set({ sign_in: { token: event.currentTarget.checked } })}
                  readOnly={Boolean(why)}
                />
                <Text size="xs" c="dimmed">
                  One of them must stay on. An operator's key that may do everything always signs in.
                </Text>
              </Stack>
              <NumberInput
                label="Wrong tries in a row"
                description="From one place, or for one name; then wrong tries are refused for a while. The right one always passes."
                value={settings.sign_in.attempts}
                onChange={(value) => set({ sign_in: { attempts: Number(value) } })}
                error={errorOf("sign_in.attempts")}
                readOnly={Boolean(why)}
                allowDecimal={false}
                maw={420}
              />
              <SecondsInput
                label="They are refused for"
                description="After so many wrong tries."
                value={settings.sign_in.lockout_seconds}
                onChange={(lockout_seconds) => set({ sign_in: { lockout_seconds } })}
                error={errorOf("sign_in.lockout_seconds")}
                readOnly={Boolean(why)}
              />
              <NumberInput
                label="A session lasts (hours)"
                description="Holds for sessions that begin from now on."
                value={settings.session_hours}
                onChange={(value) => set({ session_hours: Number(value) })}
                error={errorOf("session_hours")}
                readOnly={Boolean(why)}
                allowDecimal={false}
                maw={420}
              />
            </>
          )}
        </SettingsForm>
      </Section>
    </Stack>
  );
}
