import { Group, PasswordInput, Progress, Stack, Text } from "@mantine/core";
import { strength } from "./strength";

export interface NewSecretFieldsProps {
  /** `Password`, `Passphrase`. */
  label: string;
  description?: string;
  minimum: number;
  value: string;
  onChange: (value: string) => void;
  repeated: string;
  onRepeated: (value: string) => void;
  error?: string | undefined;
  repeatedError?: string | undefined;
}

const COLORS = { "too short": "red", weak: "orange", fair: "yellow", strong: "teal" } as const;
const toggle = { "aria-label": "Show or hide what is typed", tabIndex: 0 };

/** What is wrong with a new secret, by field. */
export function checkNewSecret(value: string, repeated: string, minimum: number): Record<string, string> {
  if ([...value].length < minimum) return { secret: `At least ${minimum} characters: a few words are easy to keep.` };
  return value === repeated ? {} : { repeated: "This is not the same as above." };
}

/** A new secret, typed twice, with a hint of how hard it is to guess. */
export function NewSecretFields({
  label,
  description,
  minimum,
  value,
  onChange,
  repeated,
  onRepeated,
  error,
  repeatedError,
}: NewSecretFieldsProps) {
  const { score, word } = strength(value, minimum);
  return (
    <Stack gap="sm">
      <PasswordInput
        label={label}
        description={description ?? `At least ${minimum} characters`}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        error={error}
        autoComplete="new-password"
        visibilityToggleButtonProps={toggle}
        required
      />
      {value !== "" && (
        <Group gap="xs" wrap="nowrap" aria-live="polite">
          <Progress value={score} color={COLORS[word]} size="sm" style={{ flex: 1 }} aria-label={`${label}: ${word}`} />
          <Text size="xs" w={64} ta="right">
            {word}
          </Text>
        </Group>
      )}
      <PasswordInput
        label={`${label} again`}
        value={repeated}
        onChange={(event) => onRepeated(event.currentTarget.value)}
        error={repeatedError}
        autoComplete="new-password"
        visibilityToggleButtonProps={toggle}
        required
      />
    </Stack>
  );
}
