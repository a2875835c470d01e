import { Fragment, type ReactNode } from "react";
import classes from "./Facts.module.css";

export type Fact = [name: string, value: ReactNode] | false | undefined;

/** Names and values below each other. What is `false` or `undefined` is left out. */
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
