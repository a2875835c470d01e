import { Checkbox, NumberInput, Radio, Stack } from "@mantine/core";
import { Section } from "@/ui/Section";
import { bytes } from "@/ui/units";
import { SecondsInput } from "./SecondsInput";
import { SettingsForm } from "./SettingsForm";

/** How requests are decided, and what is kept of them. */
export function GeneralTab() {
  return (
    <Stack gap="xl">
      <Section title="Decisions" description="How long requests wait, and who may decide on what.">
        <SettingsForm
          label="Decisions"
          fields={["separation_of_duties", "approval_deadline_seconds", "execute_ttl_seconds"]}
        >
          {({ settings, set, errorOf, why }) => (
            <>
              <Radio.Group
                label="Separation of duties"
                value={settings.separation_of_duties}
                onChange={(value) => !why && set({ separation_of_duties: value as "loose" | "strict" })}
                error={errorOf("separation_of_duties")}
                readOnly={Boolean(why)}
              >
                <Stack gap="xs" mt={6}>
                  <Radio
                    value="loose"
                    label="Loose"
                    description="An operator may approve what they asked for on an agent's behalf; the ledger marks it"
                  />
                  <Radio
                    value="strict"
                    label="Strict"
                    description="Somebody else has to approve: with one operator, nothing that they ask for can be approved"
                  />
                </Stack>
              </Radio.Group>
              <SecondsInput
                label="A request waits for a decision for"
                description="Then it expires, and the agent has to ask again."
                value={settings.approval_deadline_seconds}
                onChange={(approval_deadline_seconds) => set({ approval_deadline_seconds })}
                error={errorOf("approval_deadline_seconds")}
                readOnly={Boolean(why)}
              />
              <SecondsInput
                label="What was approved can be carried out for"
                description="Then the approval lapses."
                value={settings.execute_ttl_seconds}
                onChange={(execute_ttl_seconds) => set({ execute_ttl_seconds })}
                error={errorOf("execute_ttl_seconds")}
                readOnly={Boolean(why)}
              />
            </>
          )}
        </SettingsForm>
      </Section>
      <Section
        title="Evidence"
        description="What agents sent and targets answered, masked and encrypted. The ledger's entries stay whatever happens to it."
      >
        <SettingsForm label="Evidence" fields={["evidence_retention_days", "evidence_body_bytes"]}>
          {({ settings, set, errorOf, why }) => (
            <>
              <Checkbox
                label="Delete evidence after a time"
                description="Without it, evidence is kept until the disk is full"
                checked={settings.evidence_retention_days !== null}
                onChange={(event) => !why && set({ evidence_retention_days: event.currentTarget.checked ? 90 : null })}
                readOnly={Boolean(why)}
              />
              {settings.evidence_retention_days !== null && (
                <NumberInput
                  label="Days"
                  description="What is older is deleted for good; the ledger still proves that it was there"
                  value={settings.evidence_retention_days}
                  onChange={(value) => set({ evidence_retention_days: Number(value) })}
                  error={errorOf("evidence_retention_days")}
                  readOnly={Boolean(why)}
                  allowDecimal={false}
                  maw={420}
                />
              )}
              <NumberInput
                label="Bytes of a body that are kept"
                description={`Of each body, at most ${bytes(settings.evidence_body_bytes)}. What is carried out is never cut.`}
                value={settings.evidence_body_bytes}
                onChange={(value) => set({ evidence_body_bytes: Number(value) })}
                error={errorOf("evidence_body_bytes")}
                readOnly={Boolean(why)}
                thousandSeparator=","
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
