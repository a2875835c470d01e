import { screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { csrf } from "@/api/session";
import { browserLabel } from "@/features/sign-in/ways";
import { db } from "@/mock-api/db";
import { render } from "@/mock-api/render";
import { neverSetUp, SETUP_TOKEN, seed } from "@/mock-api/seed";
import { SetupPage } from "./SetupPage";
import { strength } from "./strength";

beforeEach(() => {
  neverSetUp();
  window.location.hash = `#${SETUP_TOKEN}`;
});

const button = (name: string) => screen.findByRole("button", { name });
const field = (label: string) => screen.findByLabelText(new RegExp(`^${label}( \\*)?$`), { selector: "input" });
type User = Awaited<ReturnType<typeof render>>["user"];

async function toReview(user: User, way: "password" | "token") {
  await user.click(await button("Continue"));
  const name = await screen.findByRole("textbox", { name: /Your name/ });
  await user.clear(name);
  await user.type(name, "ada");
  if (way === "token") {
    await user.click(screen.getByRole("radio", { name: /sign-in token/ }));
  } else {
    await user.type(await field("Password"), "long enough words");
    await user.type(await field("Password again"), "long enough words");
  }
  await user.click(await button("Continue"));
  await user.type(await field("Passphrase"), "seven blue horses at dawn");
  await user.type(await field("Passphrase again"), "seven blue horses at dawn");
  await user.click(await button("Continue"));
  expect(await screen.findByText("ada, owner")).toBeVisible();
}

describe("setting up", () => {
  it("takes the token out of the address bar", async () => {
    await render(<SetupPage />, { at: "/setup" });
    await waitFor(() => expect(window.location.hash).toBe(""));
    expect(await screen.findByText(/stands between your agents/)).toBeVisible();
  });

  it.each(["#%", "#%E0%A4%A"])(
    "takes an address that does not decode, %s, out of the bar and asks for the right one",
    async (hash) => {
      window.location.hash = hash;
      await render(<SetupPage />, { at: "/setup" });
      await waitFor(() => expect(window.location.hash).toBe(""));
      expect(await screen.findByText(/not the whole address/)).toBeVisible();
      expect(db.setup?.triesLeft, "none was spent").toBe(5);
    },
  );

  it("makes an operator with a password and signs in", async () => {
    const { user } = await render(<SetupPage />, { at: "/setup" });
    await toReview(user, "password");
    await user.click(await button("Set up"));
    expect(await screen.findByRole("heading", { name: "Your gateway is set up" })).toBeVisible();
    expect(screen.getByText(/next start needs the vault's passphrase/)).toBeVisible();
    expect(csrf.get()).not.toBe("");
    await user.click(await button("Go to the dashboard"));
    expect(await screen.findByTestId("elsewhere")).toHaveTextContent("/dashboard");
    expect(db.operators.map(({ name, role }) => [name, role])).toEqual([["ada", "owner"]]);
    expect(db.passphrase).toBe("seven blue horses at dawn");
    expect(db.sessions.at(-1)?.label).toBe(browserLabel());
  });

  it("shows a sign-in token once and lets nobody go on without keeping it", async () => {
    const { user } = await render(<SetupPage />, { at: "/setup" });
    await toReview(user, "token");
    await user.click(await button("Set up"));
    expect(await screen.findByTestId("secret")).toHaveTextContent(db.tokens[0]?.secret ?? "?");
    expect(await button("Go to the dashboard")).toBeDisabled();
    await user.click(screen.getByRole("checkbox", { name: "I have kept the token" }));
    expect(await button("Go to the dashboard")).toBeEnabled();
  });

  it("refuses a short passphrase and one that is the password, at its field", async () => {
    const { user } = await render(<SetupPage />, { at: "/setup" });
    await user.click(await button("Continue"));
    await user.type(await field("Password"), "short");
    await user.click(await button("Continue"));
    expect(await screen.findByText(/At least 12 characters: /)).toBeVisible();
    await user.type(await field("Password"), " no longer");
    await user.type(await field("Password again"), "short no longer");
    await user.click(await button("Continue"));
    await user.type(await field("Passphrase"), "short no longer");
    await user.type(await field("Passphrase again"), "short no longer");
    await user.click(await button("Continue"));
    expect(await screen.findByText(/This is your password/)).toBeVisible();
  });

  it("asks for the address where its token is wrong, and says how many tries are left", async () => {
    window.location.hash = `#cst_${"w".repeat(43)}`;
    const { user } = await render(<SetupPage />, { at: "/setup" });
    await user.click(await button("Continue"));
    expect(await screen.findByText(/4 tries are left/)).toBeVisible();
    const address = screen.getByRole("textbox", { name: /One-time address/ });
    await user.type(address, "http://x/setup#truncated{Enter}");
    expect(await screen.findByText(/not the whole address/)).toBeVisible();
    await user.clear(address);
    await user.type(address, `http://x/setup#${SETUP_TOKEN}{Enter}`);
    expect(await screen.findByText(/stands between your agents/)).toBeVisible();
    await user.click(await button("Continue"));
    expect(await screen.findByRole("textbox", { name: /Your name/ })).toBeVisible();
    expect(db.setup?.triesLeft, "a right one costs none").toBe(4);
  });

  it("explains that another tab was faster", async () => {
    const { user } = await render(<SetupPage />, { at: "/setup" });
    await toReview(user, "token");
    seed();
    await user.click(await button("Set up"));
    expect(await screen.findByRole("heading", { name: "Nothing to set up here" })).toBeVisible();
    expect(screen.getByText(/in another tab/)).toBeVisible();
  });

  it("asks for no passphrase where the gateway has a master key", async () => {
    neverSetUp({ needsPassphrase: false });
    const { user } = await render(<SetupPage />, { at: "/setup" });
    await user.click(await button("Continue"));
    await user.click(await screen.findByRole("radio", { name: /sign-in token/ }));
    await user.click(await button("Continue"));
    expect(await screen.findByText(/nothing to choose here/)).toBeVisible();
    await user.click(await button("Continue"));
    await user.click(await button("Set up"));
    expect(await screen.findByRole("heading", { name: "Your gateway is set up" })).toBeVisible();
  });

  it("hints at what is easy to guess", () => {
    expect(strength("short", 14).word).toBe("too short");
    expect(strength("aaaaaaaaaaaaaaaaaaaa", 14).word).toBe("weak");
    expect(strength("seven blue horses at dawn", 14).word).toBe("strong");
  });
});
