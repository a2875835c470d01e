import { TextInput } from "@mantine/core";
import { useState } from "react";
import { secondsOf, span } from "@/ui/units";

export interface SecondsInputProps {
  label: string;
  description: string;
  value: number;
  onChange: (seconds: number) => void;
  error?: string | undefined;
  readOnly?: boolean;
}

const UNITS: [string, number][] = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
];

/** `24h`, `90s`: the largest unit that divides it. */
export function textOfSeconds(seconds: number): string {
  const [unit, size] = UNITS.find(([, each]) => seconds > 0 && seconds % each === 0) ?? ["s", 1];
  return `${seconds / size}${unit}`;
}

/** A length of time, written as people write it. */
export function SecondsInput({ label, description, value, onChange, error, readOnly = false }: SecondsInputProps) {
  const [text, setText] = useState<string>();
  const typed = text === undefined ? value : secondsOf(text);
  const isMine = text !== undefined && typed !== undefined && typed === value;
  return (
    <TextInput
      label={label}
      description={`${description} Now ${span(value)}.`}
      value={text !== undefined && (isMine || typed === undefined) ? text : textOfSeconds(value)}
      onChange={(event) => {
        const next = event.currentTarget.value;
        setText(next);
        const seconds = secondsOf(next);
        if (seconds !== undefined) onChange(seconds);
      }}
      error={typed === undefined ? "Write a number and a unit: 90s, 30m, 12h or 7d" : error}
      readOnly={readOnly}
      maw={420}
    />
  );
}
