/** Renders a part of the page for a test: with the look, a query client, a router in memory and, if wanted, the live stream. */
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from "@tanstack/react-router";
import { render as renderInto } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { type ReactNode, Suspense } from "react";
import { LiveProvider } from "@/app/live";
import { meQuery } from "@/app/me";
import { theme } from "@/app/theme";
import { db } from "./db";

export interface RenderOptions {
  /** The address: `/dashboard/inbox?q=refund`. */
  at?: string;
  /** The route's path with its parameters: `/dashboard/activity/$id`. */
  path?: string;
  /** Keeps the live stream open, as the shell does. */
  isLive?: boolean;
}

/**
 * Renders the element; every other address shows its own path, so that a test can see where a link led.
 *
 * What `useMe` answers is there from the start where somebody is signed in.
 */
export async function render(element: ReactNode, { at = "/dashboard", path, isLive = false }: RenderOptions = {}) {
  const client = new QueryClient({
    defaultOptions: { queries: { retry: false, staleTime: 0 }, mutations: { retry: false } },
  });
  if (db.current) await client.ensureQueryData(meQuery);
  const root = createRootRoute();
  const here = createRoute({
    getParentRoute: () => root,
    path: path ?? at.split(/[?#]/)[0] ?? "/",
    component: () => <>{isLive ? <LiveProvider>{element}</LiveProvider> : element}</>,
  });
  const elsewhere = createRoute({
    getParentRoute: () => root,
    path: "$",
    component: () => <p data-testid="elsewhere">{router.state.location.href}</p>,
  });
  const router = createRouter({
    routeTree: root.addChildren([here, elsewhere]),
    history: createMemoryHistory({ initialEntries: [at] }),
  });
  await router.load();
  const view = renderInto(
    <MantineProvider theme={theme} env="test">
      <QueryClientProvider client={client}>
        <Notifications />
        <Suspense>
          <RouterProvider router={router as never} />
        </Suspense>
      </QueryClientProvider>
    </MantineProvider>,
  );
  return { ...view, router, client, user: userEvent.setup({ delay: null }) };
}
