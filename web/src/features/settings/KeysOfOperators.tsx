import { NativeSelect, Text } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "@/api/client";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
import { addKey, keysQuery, revokeKey } from "@/features/keys/queries";
import { EmptyState } from "@/ui/EmptyState";
import { Time } from "@/ui/Time";
import { OperatorSecrets } from "./OperatorSecrets";
import { operatorsQuery } from "./queries";

const USES = [
  { value: "admin,request:decide", label: "Everything that the operator may: configure and decide" },
  { value: "admin", label: "Configure, but never decide" },
  { value: "request:decide", label: "Decide only" },
  { value: "audit:read", label: "Read the ledger only" },
  { value: "metrics:read", label: "Read metrics only" },
];
const FIRST_USES = "admin";

/** Keys with which programs call on an operator's behalf: the command line, scripts. */
export function KeysOfOperators() {
  const why = whyNot(useMe(), "manage_operators");
  const keys = useQuery(keysQuery);
  const operators = useQuery(operatorsQuery).data;
  const [uses, setUses] = useState(FIRST_USES);
  return (
    <OperatorSecrets
      noun="key"
      title="Operators' keys"
      description="With these, programs call on an operator's behalf: the command line, scripts. A key that may do everything also signs in."
      makeTitle="Make an operator's key"
      secretName="Key"
      nameHint="Which program it is for: backup, terraform"
      operatorHint="On whose behalf it calls"
      variant="default"
      list={keys}
      rows={keys.data?.filter((key) => key.operator)}
      operatorOf={(key) => operators?.find(({ id }) => id === key.operator)?.name ?? "–"}
      columns={[
        {
          name: "Scopes",
          width: "minmax(150px, 1.8fr)",
          isMinor: true,
          cell: ({ scopes }) => <code title={scopes.join(", ")}>{scopes.join(", ")}</code>,
        },
        {
          name: "Last used",
          width: "110px",
          isMinor: true,
          cell: ({ last_used_at }) => (last_used_at ? <Time value={last_used_at} /> : "never"),
        },
      ]}
      why={why}
      whyNotRevoke={why}
      empty={
        <EmptyState icon={IconKey} title="No keys of operators">
          Programs can't call on an operator's behalf.
        </EmptyState>
      }
      fields={(errorOf) => (
        <NativeSelect
          label="May"
          description="The least that does; never more than the operator's role may"
          value={uses}
          onChange={(event) => setUses(event.currentTarget.value)}
          error={errorOf("scopes")}
          data={USES}
        />
      )}
      add={async (draft) => {
        const { name, key } = await addKey({ ...draft, scopes: uses.split(",") as Schemas["KeyBody"]["scopes"] });
        setUses(FIRST_USES);
        return { name, secret: key };
      }}
      usage={
        <Text size="sm">
          The command line takes it as <code>COUNTERSIGN_API_KEY</code>, or from a file named by{" "}
          <code>COUNTERSIGN_API_KEY_FILE</code>.
        </Text>
      }
      revoke={revokeKey}
      revokeWords="Programs that call with it are refused from now on; this can't be undone. What they did stays done."
      revokedWords="Open streams close within a second."
    />
  );
}
