import { Radio, Stack } from "@mantine/core";

export interface ModeRadiosProps<Mode extends string> {
  label: string;
  modes: readonly (readonly [value: Mode, label: string, description: string])[];
  value: Mode;
  /** The one that holds where nothing is set. */
  shipped: Mode;
  onChange: (mode: Mode) => void;
  error?: string | undefined;
  readOnly?: boolean;
}

/** One of a few ways, each with what it does. */
export function ModeRadios<Mode extends string>({
  modes,
  shipped,
  onChange,
  readOnly,
  ...props
}: ModeRadiosProps<Mode>) {
  return (
    <Radio.Group {...props} onChange={(mode) => !readOnly && onChange(mode as Mode)} readOnly={readOnly ?? false}>
      <Stack gap="xs" mt={6}>
        {modes.map(([value, label, description]) => (
          <Radio
            key={value}
            value={value}
            label={value === shipped ? `${label} (as shipped)` : label}
            description={description}
          />
        ))}
      </Stack>
    </Radio.Group>
  );
}
