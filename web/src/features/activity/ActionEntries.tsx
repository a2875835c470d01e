import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "@/api/client";
import { kindWords } from "@/features/ledger/kinds";
import { Copy } from "@/ui/Id";
import { Section } from "@/ui/Section";
import classes from "./activity.module.css";

const number = new Intl.NumberFormat("en");
const CHAIN_SHOWN = 10;

/** The links of the ledger that speak of the action. */
export function ActionEntries({ action }: { action: Schemas["ActionDetail"] }) {
  return (
    <Section
      title="Ledger entries"
      isFramed
      actions={
        <Anchor component={Link} to="/dashboard/ledger" search={{ action: action.id } as never} size="sm">
          Show in the Ledger
        </Anchor>
      }
    >
      <table className={classes.headers} aria-label="Ledger entries of this action">
        <thead className="cs-visually-hidden">
          <tr>
            <th scope="col">Position</th>
            <th scope="col">What happened</th>
            <th scope="col">Chain value</th>
          </tr>
        </thead>
        <tbody>
          {(action.entries ?? []).map((entry) => (
            <tr key={entry.id}>
              <th scope="row" style={{ width: 84, whiteSpace: "nowrap" }}>
                <Anchor component={Link} to="/dashboard/ledger" search={{ entry: entry.position } as never} size="sm">
                  {number.format(entry.position)}
                </Anchor>
              </th>
              <td style={{ fontFamily: "inherit" }}>{kindWords(entry.kind)}</td>
              <td style={{ whiteSpace: "nowrap", width: 130 }}>
                {entry.chain.slice(0, CHAIN_SHOWN)}… <Copy value={entry.chain} label="Copy the chain value" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}
