import type { Schemas } from "@/api/client";

/** The ways to prove who one is. */
export type Way = "password" | "token" | "key";

export const WAYS: readonly { value: Way; label: string; secret: string }[] = [
  { value: "password", label: "Password", secret: "Password" },
  { value: "token", label: "Sign-in token", secret: "Sign-in token" },
  { value: "key", label: "Key", secret: "Operator's key" },
];

const WAY = "countersign-sign-in-way";
const NAME = "countersign-sign-in-name";

/** How this browser's operator signed in last, and under which name. Never a secret. */
export const lastTime = {
  way: (): Way => WAYS.find(({ value }) => value === localStorage.getItem(WAY))?.value ?? "password",
  name: (): string => localStorage.getItem(NAME) ?? "",
  remember(way: Way, name: string): void {
    localStorage.setItem(WAY, way);
    if (way === "password") localStorage.setItem(NAME, name);
  },
};

/** What is sent for a way. */
export function credential(way: Way, name: string, secret: string): Schemas["ProofBody"] {
  if (way === "password") return { name, password: secret };
  return way === "token" ? { token: secret.trim() } : { key: secret.trim() };
}

/** What the browser calls itself in the list of sessions: `Firefox on Linux`. */
export function browserLabel(agent = navigator.userAgent): string {
  const [, browser = "Browser"] =
    [
      [/Edg\//, "Edge"],
      [/OPR\//, "Opera"],
      [/Firefox\//, "Firefox"],
      [/Chrome\//, "Chromium"],
      [/Safari\//, "Safari"],
    ].find(([pattern]) => (pattern as RegExp).test(agent)) ?? [];
  const system = /Android|iPhone|iPad|Windows|Mac OS|Linux/.exec(agent)?.[0]?.replace("Mac OS", "macOS");
  return system ? `${String(browser)} on ${system}` : String(browser);
}
