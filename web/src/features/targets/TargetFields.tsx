import { Alert, Checkbox, Collapse, NumberInput, SimpleGrid, Stack, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconAlertTriangle, IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useMe } from "@/app/me";
import type { ErrorOf } from "@/ui/DialogForm";
import { PairsInput } from "@/ui/PairsInput";
import { SchemaForm } from "@/ui/schema/SchemaForm";
import { bytes, span } from "@/ui/units";
import type { Connector, TargetLimits } from "./queries";
import type { TargetDraft } from "./targetDraft";

/** What bounds one call. */
export const LIMITS: readonly {
  name: Exclude<keyof TargetLimits, "redact_secrets">;
  label: string;
  words: (value: number) => string;
}[] = [
  { name: "request_bytes", label: "Longest request body", words: bytes },
  { name: "response_bytes", label: "Longest streamed response", words: bytes },
  { name: "kept_response_bytes", label: "Longest kept response", words: bytes },
  { name: "header_bytes", label: "Longest headers", words: bytes },
  { name: "first_byte_millis", label: "Wait for the first byte", words: (value) => span(value / 1_000) },
  { name: "total_millis", label: "Longest call", words: (value) => span(value / 1_000) },
];

export interface TargetFieldsProps {
  connector: Connector;
  draft: TargetDraft;
  onChange: (draft: TargetDraft) => void;
  errorOf: ErrorOf;
}

/** The fields of a target: those of its connector, drawn from the schema, and those that every target has. */
export function TargetFields({ connector, draft, onChange, errorOf }: TargetFieldsProps) {
  const me = useMe();
  const set = (change: Partial<TargetDraft>) => onChange({ ...draft, ...change });
  const hasLimitError = LIMITS.some(({ name }) => errorOf(`limits.${name}`));
  const [isOpen, { toggle }] = useDisclosure(false);
  const isShown = isOpen || hasLimitError;
  const Chevron = isShown ? IconChevronDown : IconChevronRight;
  return (
    <Stack gap="md">
      <SchemaForm
        schema={connector.target_schema}
        path="config"
        value={draft.config}
        onChange={(config) => set({ config })}
        errorOf={errorOf}
      />
      <Checkbox
        label="Allow the private network"
        description={
          me?.role === "owner"
            ? "Let it lie on this machine or in a private network: addresses such as 127.0.0.1, 10.0.0.0/8, 192.168.0.0/16"
            : "Only an owner may open the private network for a target"
        }
        checked={draft.isPrivateAllowed}
        disabled={me?.role !== "owner"}
        onChange={(event) => set({ isPrivateAllowed: event.currentTarget.checked })}
        error={errorOf("allow_private_network")}
      />
      {draft.isPrivateAllowed && (
        <Alert
          variant="light"
          color="orange"
          icon={<IconAlertTriangle />}
          title="Agents come near the gateway's own network"
        >
          Calls to this target may reach services that trust whoever is inside. Keep its grants narrow. The addresses of
          cloud metadata and of the gateway itself stay closed.
        </Alert>
      )}
      <Checkbox
        label="Take secrets out of replies"
        description="What looks like a secret is masked before the agent gets it. A reply is then read whole before any of it is passed on, up to its longest kept length."
        checked={draft.limits.redact_secrets}
        onChange={(event) => set({ limits: { ...draft.limits, redact_secrets: event.currentTarget.checked } })}
        error={errorOf("limits.redact_secrets")}
      />
      <NumberInput
        label="Risk threshold"
        description="From this risk on, 0 to 1, a human is asked even where a grant allows; left empty, risk is silent"
        value={draft.riskThreshold}
        onChange={(riskThreshold) => set({ riskThreshold })}
        min={0}
        max={1}
        step={0.1}
        decimalScale={2}
        clampBehavior="none"
        error={errorOf("risk_threshold")}
      />
      <div>
        <UnstyledButton
          onClick={toggle}
          aria-expanded={isShown}
          fz="sm"
          fw={500}
          style={{ display: "flex", alignItems: "center", gap: 6 }}
        >
          <Chevron size={16} aria-hidden />
          Limits of one call
        </UnstyledButton>
        <Collapse expanded={isShown}>
          <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" mt="sm">
            {LIMITS.map(({ name, label, words }) => (
              <NumberInput
                key={name}
                label={label}
                description={`${name.endsWith("millis") ? "Milliseconds" : "Bytes"}: ${words(draft.limits[name])}`}
                value={draft.limits[name]}
                onChange={(value) =>
                  set({ limits: { ...draft.limits, [name]: typeof value === "number" ? value : Number.NaN } })
                }
                min={0}
                allowDecimal={false}
                thousandSeparator=" "
                clampBehavior="none"
                error={errorOf(`limits.${name}`)}
              />
            ))}
          </SimpleGrid>
        </Collapse>
      </div>
      <PairsInput
        label="Labels"
        what="label"
        description="Names and values that rules can look at"
        pairs={draft.labels}
        onChange={(labels) => set({ labels })}
        error={errorOf("labels")}
      />
    </Stack>
  );
}
