import { ActionIcon, Button, type ButtonProps, Tooltip } from "@mantine/core";
import type { ReactNode } from "react";

export interface MayButtonProps extends Omit<ButtonProps, "disabled"> {
  /** Why it can't be pressed; it can where this is left out. */
  why: string | undefined;
  onClick: () => void;
  children: ReactNode;
}

/** A button that stays in its place when it can't be pressed, can be focused, and says why. */
export function MayButton({ why, onClick, children, ...props }: MayButtonProps) {
  return (
    <Tooltip label={why} disabled={!why} multiline maw={280}>
      <Button
        {...props}
        data-disabled={why ? true : undefined}
        aria-disabled={why ? true : undefined}
        onClick={(event) => (why ? event.preventDefault() : onClick())}
      >
        {children}
      </Button>
    </Tooltip>
  );
}

export interface MayIconProps {
  why?: string | undefined;
  onClick: () => void;
  /** What it does, for those who can't see the picture and on hover. */
  label: string;
  children: ReactNode;
  color?: string;
}

/** The same as a small picture. */
export function MayIcon({ why, onClick, label, children, color = "gray" }: MayIconProps) {
  return (
    <Tooltip label={why ?? label} multiline maw={280}>
      <ActionIcon
        color={color}
        aria-label={label}
        data-disabled={why ? true : undefined}
        aria-disabled={why ? true : undefined}
        onClick={(event) => (why ? event.preventDefault() : onClick())}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  );
}
