import { Anchor, Skeleton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { kindWords } from "@/features/ledger/kinds";
import { Section } from "@/ui/Section";
import { Time } from "@/ui/Time";
import classes from "./activity.module.css";
import type { Entry } from "./timeline";

/** The links of the ledger that speak of the action. */
export function ActionEntries({ entries }: { entries: readonly Entry[] | undefined }) {
  return (
    <Section title="Ledger entries" isFramed>
      {!entries && <Skeleton height={40} />}
      {entries && (
        <table className={classes.headers} aria-label="Ledger entries of this action">
          <tbody>
            {entries.map((entry) => (
              <tr key={entry.id}>
                <th scope="row">
                  <Anchor
                    component={Link}
                    to="/dashboard/ledger"
                    search={{ entry: entry.position } as never}
                    size="sm"
                    title={`Chain value ${entry.chain}`}
                  >
                    {entry.position.toLocaleString("en")}
                  </Anchor>
                </th>
                <td style={{ fontFamily: "inherit" }}>
                  {kindWords(entry.kind)}
                  <div className={classes.under}>
                    <Time value={entry.at} />
                  </div>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}
