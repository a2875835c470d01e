import { Button, Paper, Tabs } from "@mantine/core";
import { IconDownload, IconFlag, IconShieldCheck } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { api } from "@/api/client";
import { useLive } from "@/app/live";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { Page } from "@/ui/Page";
import { Chain } from "./Chain";
import { CheckpointsTab } from "./CheckpointsTab";
import { EntriesTab } from "./EntriesTab";
import { EntryDrawer } from "./EntryDrawer";
import { EXPORT_NAME, EXPORT_PATH } from "./export";
import { LedgerAlarms } from "./LedgerAlarms";
import classes from "./ledger.module.css";
import { checkpointsQuery } from "./queries";
import { SigningKey } from "./SigningKey";
import { useVerification } from "./useVerification";
import { VerificationPanel } from "./VerificationPanel";

/** Every act, provable. */
export function LedgerPage() {
  const search = useSearch({ from: "/dashboard/ledger" });
  const navigate = useNavigate();
  const client = useQueryClient();
  const verification = useVerification();
  const renew = () => client.invalidateQueries({ queryKey: checkpointsQuery.queryKey });
  const checkpoint = useMutation({ mutationFn: () => api.POST("/api/v1/audit/checkpoints"), onSuccess: renew });
  useLive((event) => {
    if (event.kind.startsWith("audit.")) void renew();
  });
  return (
    <Page
      title="Ledger"
      description="Every act of agents and operators, each entry chained to the one before it."
      isFull
      actions={
        <>
          <Button
            component="a"
            href={EXPORT_PATH}
            download={EXPORT_NAME}
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            Export
          </Button>
          <Button
            variant="default"
            leftSection={<IconFlag size={16} aria-hidden />}
            loading={checkpoint.isPending}
            onClick={() => checkpoint.mutate()}
          >
            Make a checkpoint
          </Button>
          <Button
            className={classes.verify}
            leftSection={<IconShieldCheck size={16} aria-hidden />}
            loading={verification.isPending}
            onClick={() => verification.mutate()}
          >
            Verify
          </Button>
        </>
      }
    >
      <LedgerAlarms />
      {checkpoint.error && <ErrorNotice error={checkpoint.error} />}
      <VerificationPanel verification={verification} />
      <Paper withBorder p="sm" mb="sm" style={{ flex: "none" }}>
        <Chain end={<SigningKey />} />
      </Paper>
      <Tabs
        value={search.tab ?? "entries"}
        onChange={(tab) =>
          void navigate({
            to: "/dashboard/ledger",
            search: { ...search, tab: tab === "checkpoints" ? "checkpoints" : undefined },
            replace: true,
          })
        }
        style={{ display: "flex", flex: 1, flexDirection: "column", minHeight: 0 }}
      >
        <Tabs.List mb="sm">
          <Tabs.Tab value="entries">Entries</Tabs.Tab>
          <Tabs.Tab value="checkpoints">Checkpoints</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="entries" style={search.tab ? undefined : PANEL}>
          {search.tab !== "checkpoints" && <EntriesTab search={search} />}
        </Tabs.Panel>
        <Tabs.Panel value="checkpoints" style={search.tab ? PANEL : undefined}>
          {search.tab === "checkpoints" && <CheckpointsTab />}
        </Tabs.Panel>
      </Tabs>
      <EntryDrawer search={search} />
    </Page>
  );
}

const PANEL = { display: "flex", flex: 1, flexDirection: "column", minHeight: 0 } as const;
