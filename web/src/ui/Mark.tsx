import type { Icon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import classes from "./Words.module.css";

export interface MarkProps {
  icon: Icon;
  color: "gray" | "teal" | "ink" | "yellow" | "orange" | "red" | "grape";
  children: ReactNode;
}

/** A word with the look of verdicts and states, for states of one feature. */
export function Mark({ icon: Picture, color, children }: MarkProps) {
  return (
    <span className={classes.word} data-color={color}>
      <Picture size={13} stroke={2} aria-hidden />
      {children}
    </span>
  );
}
