import { IconTicket } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
import { EmptyState } from "@/ui/EmptyState";
import { Time } from "@/ui/Time";
import { OperatorSecrets } from "./OperatorSecrets";
import { addToken, revokeToken, tokensQuery } from "./queries";

/** What people sign in with besides a password. Everybody may end their own. */
export function TokensSection() {
  const why = whyNot(useMe(), "manage_operators");
  const tokens = useQuery(tokensQuery);
  return (
    <OperatorSecrets
      noun="token"
      title="Sign-in tokens"
      description={`Long random secrets that sign an operator in, instead of a password. They are no API keys.${why ? " Yours are listed; owners see everybody's." : ""}`}
      makeTitle="Make a sign-in token"
      secretName="Sign-in token"
      nameHint="What it is for: laptop, password-manager"
      operatorHint="Whom it signs in"
      list={tokens}
      rows={tokens.data}
      operatorOf={(token) => token.operator_name ?? "–"}
      columns={[
        { name: "Created", width: "110px", isMinor: true, cell: ({ created_at }) => <Time value={created_at} /> },
      ]}
      why={why}
      empty={
        why ? (
          <EmptyState icon={IconTicket} title="You have no sign-in tokens">
            You sign in with a password or a key. Owners make tokens.
          </EmptyState>
        ) : (
          <EmptyState
            icon={IconTicket}
            title="No sign-in tokens"
            command="countersign token add laptop --operator NAME"
          >
            Everybody signs in with a password or a key.
          </EmptyState>
        )
      }
      add={async (draft) => {
        const { name, token } = await addToken(draft);
        return { name, secret: token };
      }}
      revoke={revokeToken}
      revokeWords="Nobody signs in with it any more; this can't be undone. Sessions that it began go on: end those under Sessions."
      revokedWords="Nobody signs in with it any more."
    />
  );
}
