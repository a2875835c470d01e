import { Fragment, type ReactNode } from "react";
import classes from "./Facts.module.css";

/** A name and what it stands at; what is `false` or `undefined` is left out. */
export type Fact = readonly [string, ReactNode] | false | undefined;

/** Names and what they stand at. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className={classes.facts}>
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
