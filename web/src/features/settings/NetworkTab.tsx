import { Badge, Code, Stack } from "@mantine/core";
import { IconLock, IconLockOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { Facts } from "@/ui/Facts";
import { Section } from "@/ui/Section";
import { Time } from "@/ui/Time";
import { NetworkFacts } from "./NetworkFacts";
import classes from "./settings.module.css";

const START_UP: readonly [what: string, key: string, variable: string, why: string][] = [
  [
    "Addresses",
    "listen",
    "COUNTERSIGN_LISTEN",
    "Where it listens; 127.0.0.1:18790 unless set. Other than loopback it wants TLS.",
  ],
  [
    "Hosts",
    "hosts",
    "COUNTERSIGN_HOSTS",
    "Names that the Host header may have. Everything else is refused, against DNS rebinding.",
  ],
  ["Origins", "origins", "COUNTERSIGN_ORIGINS", "Pages on other hosts that may call. None unless set."],
  [
    "TLS",
    "tls.cert, tls.key, tls.self_signed",
    "COUNTERSIGN_TLS_CERT",
    "A certificate of yours, or one that it makes itself.",
  ],
  [
    "Trusted proxies",
    "trusted_proxies",
    "COUNTERSIGN_TRUSTED_PROXIES",
    "Whose X-Forwarded-For counts. Nobody's unless set.",
  ],
  [
    "Private networks",
    "allow_private_networks",
    "COUNTERSIGN_ALLOW_PRIVATE_NETWORKS",
    "Ranges that targets may be in. None unless set.",
  ],
  ["Metrics", "metrics_listen", "COUNTERSIGN_METRICS_LISTEN", "An address of its own for /metrics."],
];

/** How the gateway is reached. Start-up values: they are changed where they are, and only shown here. */
export function NetworkTab() {
  const status = useQuery({ queryKey: ["status"], queryFn: () => body(api.GET("/api/v1/status")) });
  const isEncrypted = window.location.protocol === "https:";
  return (
    <Stack gap="xl">
      <Section title="This connection">
        {status.error && <ErrorNotice error={status.error} onRetry={() => void status.refetch()} />}
        <Facts
          facts={[
            ["Address", <Code key="address">{window.location.origin}</Code>],
            [
              "Encrypted",
              isEncrypted ? (
                <Badge key="tls" variant="light" color="teal" leftSection={<IconLock size={13} aria-hidden />}>
                  by TLS
                </Badge>
              ) : (
                <Badge key="tls" variant="light" color="gray" leftSection={<IconLockOff size={13} aria-hidden />}>
                  no: plain HTTP, on this machine only
                </Badge>
              ),
            ],
            ["Version", status.data?.version ?? "…"],
            ["Started", <Time key="started" value={status.data?.started_at} />],
            ["Configuration epoch", status.data?.epoch ?? "…"],
          ]}
        />
      </Section>
      <NetworkFacts />
      <Section
        title="Start-up values"
        description={
          <>
            Read once, when the gateway starts: whoever is signed in here can't open it to the world. Change them in{" "}
            <Code>countersign.json5</Code> of the data directory, by the first name, or in the environment, by the
            second, then restart it. <Code>countersign config show</Code> says what holds and where it came from.
          </>
        }
      >
        <Facts
          facts={START_UP.map(([what, key, variable, why]) => [
            what,
            <Stack key={key} gap={4} align="flex-start">
              <span>{why}</span>
              <span className={classes.names}>
                <Code>{key}</Code> <Code>{variable}</Code>
              </span>
            </Stack>,
          ])}
        />
      </Section>
    </Stack>
  );
}
