import { Group, NativeSelect, TextInput } from "@mantine/core";
import { secondsOf } from "./units";

export interface LifeInputProps {
  label: string;
  description?: string;
  /** `""` for ever, else `90s`, `30m`, `12h`, `7d`. */
  value: string;
  onChange: (value: string) => void;
  presets: readonly string[];
  /** What having no end is called. */
  never?: string;
  error?: string | undefined;
}

const NAMES: Record<string, string> = { m: "minute", h: "hour", d: "day" };

function name(preset: string): string {
  const count = Number.parseInt(preset, 10);
  return `After ${count} ${NAMES[preset.at(-1) ?? ""]}${count === 1 ? "" : "s"}`;
}

const OTHER = "other";

/** What is wrong with a length of time, in words. */
export function checkLife(value: string): string | undefined {
  if (value === "" || secondsOf(value)) return undefined;
  return "Write a number and a unit: 90s, 30m, 12h or 7d";
}

/** How long something lives: a choice, or any length of time. */
export function LifeInput({ label, description, value, onChange, presets, never = "Never", error }: LifeInputProps) {
  const isOther = value !== "" && !presets.includes(value);
  return (
    <Group align="flex-start" gap="xs" grow preventGrowOverflow={false}>
      <NativeSelect
        label={label}
        description={description}
        value={isOther ? OTHER : value}
        // A space stands for "other, not written yet": no length of time, and not for ever.
        onChange={(event) => onChange(event.currentTarget.value === OTHER ? " " : event.currentTarget.value)}
        data={[
          { value: "", label: never },
          ...presets.map((preset) => ({ value: preset, label: name(preset) })),
          { value: OTHER, label: "Another length of time" },
        ]}
      />
      {isOther && (
        <TextInput
          label="Length of time"
          description="90s, 30m, 12h, 7d"
          value={value.trim()}
          onChange={(event) => onChange(event.currentTarget.value || " ")}
          error={error}
          data-autofocus
        />
      )}
    </Group>
  );
}
