/**
 * Every place of the page. A room's code is loaded when it is first opened; what a list shows (filters, sorting, selection) is in its
 * address, checked by the room's own `search.ts`.
 */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { setGateClosed } from "@/api/client";
import { Problem } from "@/api/problem";
import { csrf } from "@/api/session";
import { parseActivitySearch } from "@/features/activity/search";
import { parseListSearch } from "@/features/agents/search";
import { parseInboxSearch } from "@/features/inbox/search";
import { parseLedgerSearch } from "@/features/ledger/search";
import { leaveClosedGate, onClosedGate } from "./closed";
import { meQuery } from "./me";
import { NotFoundPage } from "./NotFoundPage";
import { PageFailure } from "./PageFailure";
import { queryClient } from "./query";
import { Shell } from "./shell/Shell";

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFoundPage, errorComponent: PageFailure });

const start = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/dashboard" });
  },
});

export interface LoginSearch {
  /** Where to go after signing in. */
  next?: string | undefined;
}

/** Only a path of this page: an address that somebody else wrote leads nowhere else. */
function safeNext(value: unknown): string | undefined {
  return typeof value === "string" && /^\/dashboard(\/|\?|$)/.test(value) ? value : undefined;
}

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search: Record<string, unknown>): LoginSearch => ({ next: safeNext(search.next) }),
  component: lazyRouteComponent(() => import("@/features/sign-in/LoginPage"), "LoginPage"),
});

const unlock = createRoute({
  getParentRoute: () => root,
  path: "/unlock",
  validateSearch: (search: Record<string, unknown>): LoginSearch => ({ next: safeNext(search.next) }),
  component: lazyRouteComponent(() => import("@/features/sign-in/UnlockPage"), "UnlockPage"),
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  component: lazyRouteComponent(() => import("@/features/setup/SetupPage"), "SetupPage"),
});

const dashboard = createRoute({
  getParentRoute: () => root,
  path: "/dashboard",
  component: Shell,
  beforeLoad: async ({ location }) => {
    try {
      await queryClient.ensureQueryData(meQuery);
    } catch (error) {
      if (error instanceof Problem && error.status === 401) {
        throw redirect({ to: "/login", search: { next: safeNext(location.href) } });
      }
      if (error instanceof Problem && error.code === "locked") {
        throw redirect({ to: "/unlock", search: { next: safeNext(location.href) } });
      }
      if (error instanceof Problem && error.code === "setup") throw redirect({ to: "/setup" });
      throw error;
    }
  },
});

const home = createRoute({
  getParentRoute: () => dashboard,
  path: "/",
  component: lazyRouteComponent(() => import("@/features/home/HomePage"), "HomePage"),
});

const inbox = createRoute({
  getParentRoute: () => dashboard,
  path: "/inbox",
  validateSearch: parseInboxSearch,
  component: lazyRouteComponent(() => import("@/features/inbox/InboxPage"), "InboxPage"),
});

const activity = createRoute({
  getParentRoute: () => dashboard,
  path: "/activity",
  validateSearch: parseActivitySearch,
  component: lazyRouteComponent(() => import("@/features/activity/ActivityPage"), "ActivityPage"),
});

const actionDetail = createRoute({
  getParentRoute: () => dashboard,
  path: "/activity/$id",
  component: lazyRouteComponent(() => import("@/features/activity/ActionPage"), "ActionPage"),
});

const agents = createRoute({
  getParentRoute: () => dashboard,
  path: "/agents",
  validateSearch: parseListSearch,
  component: lazyRouteComponent(() => import("@/features/agents/AgentsPage"), "AgentsPage"),
});

const agent = createRoute({
  getParentRoute: () => dashboard,
  path: "/agents/$name",
  component: lazyRouteComponent(() => import("@/features/agents/AgentPage"), "AgentPage"),
});

const agentTab = createRoute({
  getParentRoute: () => agent,
  path: "/$tab",
});

const targets = createRoute({
  getParentRoute: () => dashboard,
  path: "/targets",
  validateSearch: parseListSearch,
  component: lazyRouteComponent(() => import("@/features/targets/TargetsPage"), "TargetsPage"),
});

const target = createRoute({
  getParentRoute: () => dashboard,
  path: "/targets/$name",
  component: lazyRouteComponent(() => import("@/features/targets/TargetPage"), "TargetPage"),
});

const targetTab = createRoute({
  getParentRoute: () => target,
  path: "/$tab",
});

const ledger = createRoute({
  getParentRoute: () => dashboard,
  path: "/ledger",
  validateSearch: parseLedgerSearch,
  component: lazyRouteComponent(() => import("@/features/ledger/LedgerPage"), "LedgerPage"),
});

const settings = createRoute({
  getParentRoute: () => dashboard,
  path: "/settings",
  component: lazyRouteComponent(() => import("@/features/settings/SettingsPage"), "SettingsPage"),
});

const settingsTab = createRoute({
  getParentRoute: () => settings,
  path: "/$tab",
});

const routeTree = root.addChildren([
  start,
  login,
  unlock,
  setup,
  dashboard.addChildren([
    home,
    inbox,
    activity,
    actionDetail,
    agents,
    agent.addChildren([agentTab]),
    targets,
    target.addChildren([targetTab]),
    ledger,
    settings.addChildren([settingsTab]),
  ]),
]);

export const router = createRouter({
  routeTree,
  defaultPreload: "intent",
  defaultErrorComponent: PageFailure,
  defaultNotFoundComponent: NotFoundPage,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

onClosedGate((problem) => {
  const here = router.state.location;
  if (!here.pathname.startsWith("/dashboard")) return;
  queryClient.clear();
  if (problem.code === "setup") {
    void router.navigate({ to: "/setup" });
  } else if (problem.code === "locked") {
    void router.navigate({ to: "/unlock", search: { next: safeNext(here.href) } });
  } else {
    csrf.clear();
    void router.navigate({ to: "/login", search: { next: safeNext(here.href) } });
  }
});
setGateClosed(leaveClosedGate);
