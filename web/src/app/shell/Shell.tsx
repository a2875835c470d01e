import { Burger, Group } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Outlet, useRouterState } from "@tanstack/react-router";
import { Suspense, useEffect } from "react";
import { KillDialog, KillSwitch } from "@/components/kill/KillSwitch";
import { ProofAsker } from "@/components/ProofAsker";
import { CommandPalette, CommandPaletteTrigger } from "@/components/palette/CommandPaletteTrigger";
import type { KeyHelpProps } from "@/ui/KeyHelp";
import { late } from "@/ui/late";
import { LiveProvider } from "../live";
import { Brand } from "./Brand";
import { ConnectionBanner } from "./ConnectionBanner";
import { ConnectionState } from "./ConnectionState";
import { Navigation } from "./Navigation";
import classes from "./shell.module.css";
import { ThemeMenu } from "./ThemeMenu";
import { UserMenu } from "./UserMenu";
import { KEYS, useHelpKey } from "./useHelpKey";
import { useRoomKeys } from "./useRoomKeys";

const KeyHelp = late<KeyHelpProps>(() => import("@/ui/KeyHelp").then((module) => module.KeyHelp));

/** What is wanted sooner or later, and then at once: it comes when the first picture has long been there. */
const SOONER_OR_LATER = [KillDialog, CommandPalette];
const LATER_MS = 3_000;

/** What surrounds every room: where one can go, the kill switch, the state of the connection, who one is. */
export function Shell() {
  const [isOpen, { toggle, close }] = useDisclosure(false);
  const path = useRouterState({ select: (state) => state.location.pathname });
  // On a phone the menu covers the page: going somewhere closes it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the path is what it reacts to
  useEffect(close, [path, close]);
  useRoomKeys();
  const [isHelping, help] = useDisclosure(false);
  useHelpKey(help.open);
  useEffect(() => {
    const timer = setTimeout(() => {
      for (const dialog of SOONER_OR_LATER) dialog.preload();
    }, LATER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <LiveProvider>
      <a href="#content" className="cs-skip">
        Skip to content
      </a>
      <header className={classes.header}>
        <Group h="100%" px="md" gap="sm" wrap="nowrap" justify="space-between">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={isOpen}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={isOpen ? "Close the menu" : "Open the menu"}
            />
            <Brand />
          </Group>
          <Group gap={6} wrap="nowrap">
            <CommandPaletteTrigger />
            <ConnectionState />
            <KillSwitch />
            <ThemeMenu />
            <UserMenu />
          </Group>
        </Group>
      </header>
      <div className={classes.below}>
        <nav aria-label="Rooms" className={classes.navigation} data-open={isOpen || undefined}>
          <Navigation />
        </nav>
        <main id="content" tabIndex={-1} className={classes.main}>
          <ConnectionBanner />
          <Suspense>
            <Outlet />
          </Suspense>
        </main>
      </div>
      <ProofAsker />
      <KeyHelp isOpen={isHelping} onClose={help.close} keys={KEYS} />
    </LiveProvider>
  );
}
