import { Text } from "@mantine/core";
import { IconAlertOctagon, IconShieldCheck } from "@tabler/icons-react";
import type { Schemas } from "@/api/client";
import { Time } from "@/ui/Time";

const number = new Intl.NumberFormat("en");

/** What the last verification found, in a line. */
export function LastVerification({ found }: { found: Schemas["LastVerificationView"] | null | undefined }) {
  if (!found) {
    return (
      <Text span size="sm">
        not since the gateway started
      </Text>
    );
  }
  const { at, valid, entries, first_bad: bad } = found;
  const Picture = valid ? IconShieldCheck : IconAlertOctagon;
  const words = valid
    ? `valid, ${number.format(entries)} ${entries === 1 ? "entry" : "entries"}`
    : `NOT valid${typeof bad === "number" ? ` from entry ${number.format(bad)} on` : ""}`;
  return (
    <Text span size="sm" fw={valid ? undefined : 700}>
      <Time value={at} />,{" "}
      <Picture
        size={15}
        color={`var(--mantine-color-${valid ? "teal" : "red"}-6)`}
        style={{ verticalAlign: "text-bottom" }}
        aria-hidden
      />{" "}
      {words}
    </Text>
  );
}
