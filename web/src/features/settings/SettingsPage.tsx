import { Tabs } from "@mantine/core";
import {
  IconAdjustments,
  IconDevices,
  IconLogin2,
  IconNetwork,
  IconScan,
  IconShieldLock,
  IconUsers,
} from "@tabler/icons-react";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { NotFoundPage } from "@/app/NotFoundPage";
import { Page } from "@/ui/Page";
import { GeneralTab } from "./GeneralTab";
import { NetworkTab } from "./NetworkTab";
import { OperatorsTab } from "./OperatorsTab";
import { ScannerTab } from "./ScannerTab";
import { SessionsTab } from "./SessionsTab";
import { SignInTab } from "./SignInTab";
import classes from "./settings.module.css";
import { useSettingsLive } from "./useSettingsLive";
import { VaultTab } from "./VaultTab";

const TABS = [
  { name: "operators", label: "Operators", icon: IconUsers, part: OperatorsTab },
  { name: "sessions", label: "Sessions", icon: IconDevices, part: SessionsTab },
  { name: "sign-in", label: "Sign-in", icon: IconLogin2, part: SignInTab },
  { name: "general", label: "Decisions and evidence", icon: IconAdjustments, part: GeneralTab },
  { name: "scanner", label: "Scanner", icon: IconScan, part: ScannerTab },
  { name: "vault", label: "Vault", icon: IconShieldLock, part: VaultTab },
  { name: "network", label: "Network", icon: IconNetwork, part: NetworkTab },
] as const;

/** How the gateway is run. */
export function SettingsPage() {
  const { tab = TABS[0].name } = useParams({ strict: false }) as { tab?: string };
  const navigate = useNavigate();
  useSettingsLive();
  const list = useRef<HTMLDivElement>(null);
  // Where they do not fit into a line the tabs scroll: the chosen one is brought into view.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the tab is what it reacts to
  useEffect(() => {
    const chosen = list.current?.querySelector<HTMLElement>('[aria-selected="true"]');
    if (chosen && list.current) list.current.scrollLeft = chosen.offsetLeft - list.current.clientWidth / 3;
  }, [tab]);
  const shown = TABS.find(({ name }) => name === tab);
  if (!shown) return <NotFoundPage />;
  return (
    <Page title="Settings" description="Who signs in and how, how requests are decided, and what keeps the secrets.">
      <Tabs
        value={tab}
        onChange={(name) => name && void navigate({ to: "/dashboard/settings/$tab", params: { tab: name } })}
        keepMounted={false}
        activateTabWithKeyboard={false}
      >
        <Tabs.List ref={list} className={classes.tabs} mb="lg">
          {TABS.map(({ name, label, icon: Picture }) => (
            <Tabs.Tab key={name} value={name} leftSection={<Picture size={16} stroke={1.7} aria-hidden />}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {TABS.map(({ name, part: Part }) => (
          <Tabs.Panel key={name} value={name} maw={1040}>
            <Part />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Page>
  );
}
