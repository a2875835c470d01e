import { ActionIcon, Button, Group, Input, Stack, TextInput, Tooltip } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { type ComponentType, useId } from "react";

/** A name and a value; the id keeps a row's focus while others come and go. */
export interface Pair {
  id: number;
  name: string;
  value: string;
}

let lastId = 0;

/** An empty row. */
export function newPair(name = "", value = ""): Pair {
  lastId += 1;
  return { id: lastId, name, value };
}

/** Rows of an object. */
export function pairsOf(object: Record<string, string>): Pair[] {
  return Object.entries(object).map(([name, value]) => newPair(name, value));
}

/** The object that the rows stand for; rows without a name are left out. */
export function objectOf(pairs: readonly Pair[]): Record<string, string> {
  return Object.fromEntries(pairs.filter(({ name }) => name.trim()).map(({ name, value }) => [name.trim(), value]));
}

/** What is wrong with the rows, in words. */
export function checkPairs(pairs: readonly Pair[], what: string): string | undefined {
  const names = pairs.map(({ name }) => name.trim()).filter(Boolean);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice) return `${twice} is there twice`;
  if (pairs.some(({ name, value }) => !name.trim() && value)) return `A ${what} needs a name`;
  return undefined;
}

interface FieldProps {
  "aria-label": string;
  placeholder?: string | undefined;
  value: string;
  onChange: (event: { currentTarget: { value: string } }) => void;
  style: object;
  autoComplete: string;
  spellCheck: boolean;
}

export interface PairsInputProps {
  label: string;
  /** What a row is: `label`, `header`. */
  what: string;
  description?: string;
  pairs: Pair[];
  onChange: (pairs: Pair[]) => void;
  error?: string | undefined;
  /** What a value is written into: one that hides it, for secrets. */
  valueField?: ComponentType<FieldProps>;
}

/** Any number of names with values. */
export function PairsInput({
  label,
  what,
  description,
  pairs,
  onChange,
  error,
  valueField: Value = TextInput,
}: PairsInputProps) {
  const id = useId();
  const set = (at: number, change: Partial<Pair>) =>
    onChange(pairs.map((pair, index) => (index === at ? { ...pair, ...change } : pair)));
  const Name = what[0]?.toUpperCase() + what.slice(1);
  return (
    // The wrapper's label would name one input: a group is named instead.
    <Stack gap={6} role="group" aria-labelledby={id}>
      <div>
        <Input.Label id={id} component="div" labelElement="div">
          {label}
        </Input.Label>
        {description && <Input.Description>{description}</Input.Description>}
      </div>
      {pairs.map((pair, at) => (
        <Group key={pair.id} gap={6} wrap="nowrap">
          <TextInput
            aria-label={`${Name} ${at + 1}: name`}
            placeholder="name"
            value={pair.name}
            onChange={(event) => set(at, { name: event.currentTarget.value })}
            style={{ flex: 1 }}
            autoComplete="off"
            spellCheck={false}
            error={error ? true : undefined}
          />
          <Value
            aria-label={`${Name} ${at + 1}: value`}
            placeholder="value"
            value={pair.value}
            onChange={(event) => set(at, { value: event.currentTarget.value })}
            style={{ flex: 1 }}
            autoComplete="off"
            spellCheck={false}
          />
          <Tooltip label={`Remove this ${what}`}>
            <ActionIcon
              aria-label={`Remove ${what} ${pair.name || at + 1}`}
              onClick={() => onChange(pairs.filter((_, index) => index !== at))}
            >
              <IconX size={16} />
            </ActionIcon>
          </Tooltip>
        </Group>
      ))}
      {error && <Input.Error>{error}</Input.Error>}
      <Button
        variant="default"
        size="compact-sm"
        leftSection={<IconPlus size={14} aria-hidden />}
        onClick={() => onChange([...pairs, newPair()])}
        style={{ alignSelf: "flex-start" }}
      >
        Add a {what}
      </Button>
    </Stack>
  );
}
