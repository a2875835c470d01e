import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import { afterAll, afterEach, beforeEach, vi } from "vitest";
import { clear } from "./mock-api/db";
import { breakStreams } from "./mock-api/handlers/events";
import { seed } from "./mock-api/seed";
import { server } from "./mock-api/server";

// What jsdom lacks and Mantine asks for.
window.matchMedia ??= (query: string) => ({
  matches: false,
  media: query,
  onchange: null,
  addListener: vi.fn(),
  removeListener: vi.fn(),
  addEventListener: vi.fn(),
  removeEventListener: vi.fn(),
  dispatchEvent: vi.fn(),
});
window.ResizeObserver ??= class {
  observe() {}
  unobserve() {}
  disconnect() {}
};
window.HTMLElement.prototype.scrollIntoView = () => {};
window.scrollTo = () => {};
Object.defineProperty(document, "fonts", { value: { addEventListener() {}, removeEventListener() {} } });

// A test waits for what it names, not for a fast machine.
configure({ asyncUtilTimeout: 20_000 });

// Before a test's imports: the client keeps the fetch that it finds.
server.listen({ onUnhandledRequest: "error" });
beforeEach(seed);
afterEach(() => {
  cleanup();
  breakStreams();
  server.resetHandlers();
  clear();
  localStorage.clear();
  sessionStorage.clear();
});
afterAll(() => server.close());
