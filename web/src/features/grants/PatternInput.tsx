import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";
import type { Connector, ConnectorAction } from "@/features/targets/queries";
import { EffectWord } from "@/ui/Words";
import { checkPattern, patternsMeet } from "./pattern";

export interface PatternInputProps {
  value: string;
  onChange: (value: string) => void;
  /** The connector of the chosen target: what there is to cover. */
  connector: Connector | undefined;
  error?: string | undefined;
}

const EXAMPLES: Record<string, readonly string[]> = { http: ["GET /**", "GET /charges/*", "POST /charges", "**"] };

function examplesFor(connector: Connector | undefined): readonly string[] {
  if (!connector) return [];
  return EXAMPLES[connector.name] ?? [...connector.actions.slice(0, 3).map(({ name }) => name), "**"];
}

/** Which actions: a pattern, examples, and what the pattern covers while it is typed. */
export function PatternInput({ value, onChange, connector, error }: PatternInputProps) {
  const pattern = value.trim();
  return (
    <Stack gap={6}>
      <TextInput
        label="Action"
        description="A method and a path below the target's address. * is one segment of a path, ** any number; the query does not count"
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        error={error}
        required
        spellCheck={false}
        autoComplete="off"
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
      />
      <Group gap={6} role="group" aria-label="Examples">
        {examplesFor(connector).map((example) => (
          <Button
            key={example}
            size="compact-xs"
            variant="default"
            ff="monospace"
            onClick={() => onChange(example)}
            aria-label={`Use ${example}`}
          >
            {example}
          </Button>
        ))}
      </Group>
      <div aria-live="polite">{pattern && connector && <Covered pattern={pattern} actions={connector.actions} />}</div>
    </Stack>
  );
}

/** What a pattern covers, of what the connector can do. */
function Covered({ pattern, actions }: { pattern: string; actions: readonly ConnectorAction[] }) {
  const wrong = checkPattern(pattern);
  if (wrong) return <Warning>{wrong}</Warning>;
  const covered = actions.filter(({ name }) => patternsMeet(pattern, name));
  if (covered.length === 0)
    return (
      <Warning>No action of this target fits: it would never answer. Its actions are listed on the target.</Warning>
    );
  const effects = [...new Set(covered.map(({ effect }) => effect))];
  const names = covered.map(({ name }) => name.split(" ")[0]).join(", ");
  return (
    <Group gap={6}>
      <IconCircleCheck size={16} aria-hidden />
      <Text size="sm" component="span">
        Covers {covered.length === actions.length ? "everything it can do" : names}; effects:
      </Text>
      {effects.map((effect) => (
        <EffectWord key={effect} effect={effect} />
      ))}
    </Group>
  );
}

function Warning({ children }: { children: string }) {
  return (
    <Group gap={6} wrap="nowrap" align="flex-start">
      <IconAlertTriangle size={16} aria-hidden style={{ flexShrink: 0, marginTop: 2 }} />
      <Text size="sm">{children}</Text>
    </Group>
  );
}
