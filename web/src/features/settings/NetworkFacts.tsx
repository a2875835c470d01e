import { Code, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "@/api/client";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { Facts } from "@/ui/Facts";
import { Section } from "@/ui/Section";
import { Time } from "@/ui/Time";
import { networkQuery } from "./queries";

const SERVES: Record<Schemas["Serves"], string> = {
  everything: "the page and the whole API",
  agents: "what agents call",
  metrics: "/metrics, without a key",
};

const STORES: Record<Schemas["Store"], string> = {
  sqlcipher: "SQLCipher, in the data folder",
  postgres: "PostgreSQL",
};

function listOf(texts: readonly string[], none: string) {
  return texts.length === 0 ? none : <Code>{texts.join(", ")}</Code>;
}

function Certificate({ tls }: { tls: Schemas["CertificateView"] | null | undefined }) {
  if (!tls) return <Text size="sm">Certificate: none, plain HTTP</Text>;
  return (
    <Stack gap={4}>
      <Text size="sm">
        Certificate: {tls.is_self_signed ? "made by the gateway, " : ""}for {tls.names.join(", ")}; ends{" "}
        <Time value={tls.expires_at} />
      </Text>
      <Code style={{ overflowWrap: "anywhere" }}>SHA-256 {tls.fingerprint}</Code>
    </Stack>
  );
}

/** Where the gateway listens, for whom, and where its data lies. */
export function NetworkFacts() {
  const { data, error, refetch } = useQuery(networkQuery);
  return (
    <>
      <Section title="Listeners">
        {error && <ErrorNotice error={error} onRetry={() => void refetch()} />}
        {data && (
          <Facts
            facts={data.listeners.map((listener, index) => [
              data.listeners.length > 1 ? `Listener ${index + 1}` : "Listener",
              <Stack key={listener.address} gap={4} align="flex-start">
                <Code>{listener.address}</Code>
                <span>Answers {SERVES[listener.serves]}</span>
                <Certificate tls={listener.tls} />
              </Stack>,
            ])}
          />
        )}
      </Section>
      <Section title="In force">
        <Facts
          facts={[
            ["Hosts", data ? listOf(data.hosts, "loopback and the listeners' own addresses") : "…"],
            ["Origins", data ? listOf(data.origins, "none: only its own page") : "…"],
            ["Trusted proxies", data ? listOf(data.trusted_proxies, "none") : "…"],
            ["Store", data ? STORES[data.store] : "…"],
            ["Data folder", data ? <Code key="data">{data.data_dir}</Code> : "…"],
            ["Configuration file", data ? data.config_file ? <Code key="file">{data.config_file}</Code> : "none" : "…"],
          ]}
        />
      </Section>
    </>
  );
}
