import { Fragment, type ReactNode } from "react";
import classes from "./Facts.module.css";

/** A name and what it stands at; what is `false` or `undefined` is left out. */
export type Fact = readonly [string, ReactNode] | false | undefined;

export interface FactsProps {
  facts: readonly Fact[];
  /** Without a frame of its own, within one. */
  isPlain?: boolean;
}

/** Names and what they stand at. */
export function Facts({ facts, isPlain = false }: FactsProps) {
  return (
    <dl className={classes.facts} data-plain={isPlain || undefined}>
      {facts.map((fact) =>
        fact ? (
          <Fragment key={fact[0]}>
            <dt>{fact[0]}</dt>
            <dd>{fact[1]}</dd>
          </Fragment>
        ) : null,
      )}
    </dl>
  );
}
