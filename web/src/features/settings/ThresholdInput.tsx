import { NumberInput } from "@mantine/core";

export interface ThresholdInputProps {
  label: string;
  /** What happens from this score on. */
  description: string;
  /** `null`: as shipped. */
  value: number | null;
  shipped: number;
  onChange: (value: number | null) => void;
  error?: string | undefined;
  readOnly?: boolean;
}

/** A score from 0 to 1 from which on something happens; empty is as shipped, now and after an update. */
export function ThresholdInput({ label, description, value, shipped, onChange, ...props }: ThresholdInputProps) {
  return (
    <NumberInput
      label={label}
      description={`${description} A score from 0 to 1; empty: as shipped, ${shipped}.`}
      value={value ?? ""}
      onChange={(next) => onChange(next === "" ? null : Number(next))}
      placeholder={`${shipped}, as shipped`}
      step={0.01}
      decimalScale={3}
      maw={420}
      {...props}
    />
  );
}
