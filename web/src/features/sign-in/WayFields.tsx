import { PasswordInput, SegmentedControl, TextInput } from "@mantine/core";
import type { RefObject } from "react";
import { WAYS, type Way } from "./ways";

export interface WayFieldsProps {
  way: Way;
  onWay: (way: Way) => void;
  name: string;
  /** Left out where the name is known. */
  onName?: (name: string) => void;
  secret: string;
  onSecret: (secret: string) => void;
  /** The field that is focused first and after a refusal. */
  secretField?: RefObject<HTMLInputElement | null>;
  hasError?: boolean;
}

const HINTS: Record<Way, string | undefined> = {
  password: undefined,
  token: "It was shown once, when it was made.",
  key: "A key that may do all that its operator may.",
};

/** The choice of a way to prove who one is, and its fields. */
export function WayFields({ way, onWay, name, onName, secret, onSecret, secretField, hasError }: WayFieldsProps) {
  const chosen = WAYS.find(({ value }) => value === way);
  return (
    <>
      <SegmentedControl
        fullWidth
        aria-label="How to sign in"
        value={way}
        onChange={(value) => onWay(value as Way)}
        data={WAYS.map(({ value, label }) => ({ value, label }))}
      />
      {(way === "password" || !onName) && (
        <TextInput
          label="Operator"
          name="username"
          autoComplete="username"
          value={name}
          onChange={(event) => onName?.(event.currentTarget.value)}
          readOnly={!onName}
          required={Boolean(onName)}
          data-autofocus={onName && name === "" ? true : undefined}
          // Whoever comes to this page comes to type.
          autoFocus={Boolean(onName) && name === ""}
          spellCheck={false}
          autoCapitalize="none"
        />
      )}
      <PasswordInput
        key={way}
        ref={secretField}
        label={chosen?.secret}
        description={HINTS[way]}
        name="password"
        autoComplete={way === "password" ? "current-password" : "off"}
        value={secret}
        onChange={(event) => onSecret(event.currentTarget.value)}
        error={hasError ? true : undefined}
        required
        data-autofocus={onName && way === "password" && name === "" ? undefined : true}
        autoFocus={!(onName && way === "password" && name === "")}
        visibilityToggleButtonProps={{ "aria-label": "Show or hide what is typed", tabIndex: 0 }}
      />
    </>
  );
}
