import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { LastVerification } from "@/features/ledger/LastVerification";
import { Facts } from "@/ui/Facts";
import { Section } from "@/ui/Section";
import { Time } from "@/ui/Time";
import type { Summary } from "./summary";

const number = new Intl.NumberFormat("en");

/** The ledger in a few lines. */
export function LedgerNow({ summary }: { summary: Summary }) {
  const { ledger } = summary;
  return (
    <Section
      title="Ledger"
      isFramed
      actions={
        <Anchor component={Link} to="/dashboard/ledger" size="sm">
          Verify it
        </Anchor>
      }
    >
      <Facts
        isPlain
        facts={[
          ["Entries", number.format(ledger.entries)],
          ["Last entry", ledger.last_entry_at ? <Time key="last" value={ledger.last_entry_at} /> : "none"],
          [
            "Last checkpoint",
            ledger.checkpoint_at ? (
              <span key="checkpoint">
                <Time value={ledger.checkpoint_at} />, over {number.format(ledger.checkpoint_entries ?? 0)}{" "}
                {ledger.checkpoint_entries === 1 ? "entry" : "entries"}
              </span>
            ) : (
              "none yet"
            ),
          ],
          ["Last verified", <LastVerification key="verified" found={ledger.verification} />],
        ]}
      />
    </Section>
  );
}
