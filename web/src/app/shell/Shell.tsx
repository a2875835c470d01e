import { AppShell, Burger, Group, ScrollArea } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Outlet, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect } from "react";
import { KillSwitch } from "@/components/kill/KillSwitch";
import { ProofDialog } from "@/components/ProofDialog";
import { CommandPaletteTrigger } from "@/components/palette/CommandPaletteTrigger";
import { LiveProvider } from "../live";
import { Brand } from "./Brand";
import { ConnectionBanner } from "./ConnectionBanner";
import { ConnectionState } from "./ConnectionState";
import { Navigation } from "./Navigation";
import { ThemeMenu } from "./ThemeMenu";
import { UserMenu } from "./UserMenu";
import { useRoomKeys } from "./useRoomKeys";

const CommandPalette = lazy(() =>
  import("@/components/palette/CommandPalette").then((module) => ({ default: module.CommandPalette })),
);

/** What surrounds every room: where one can go, the kill switch, the state of the connection, who one is. */
export function Shell() {
  const [isOpen, { toggle, close }] = useDisclosure(false);
  const path = useRouterState({ select: (state) => state.location.pathname });
  // On a phone the menu covers the page: going somewhere closes it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the path is what it reacts to
  useEffect(close, [path, close]);
  useRoomKeys();
  return (
    <LiveProvider>
      <a href="#content" className="cs-skip">
        Skip to content
      </a>
      <AppShell
        header={{ height: 52 }}
        navbar={{ width: 208, breakpoint: "sm", collapsed: { mobile: !isOpen } }}
        padding={0}
      >
        <AppShell.Header>
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
        </AppShell.Header>
        <AppShell.Navbar aria-label="Rooms">
          <ScrollArea p="xs">
            <Navigation />
          </ScrollArea>
        </AppShell.Navbar>
        <AppShell.Main id="content" tabIndex={-1}>
          <ConnectionBanner />
          <Suspense>
            <Outlet />
          </Suspense>
        </AppShell.Main>
      </AppShell>
      <ProofDialog />
      <Suspense>
        <CommandPalette />
      </Suspense>
    </LiveProvider>
  );
}
