import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { csrf } from "@/api/session";
import { db } from "@/mock-api/db";
import { render } from "@/mock-api/render";
import { PASSWORDS, SIGN_IN_TOKEN } from "@/mock-api/seed";
import { LoginPage } from "./LoginPage";
import { UnlockPage } from "./UnlockPage";
import { browserLabel } from "./ways";

const elsewhere = async () => (await screen.findByTestId("elsewhere")).textContent;

const secretField = (label: RegExp) => screen.getByLabelText(label, { selector: "input[type=password]" });

describe("signing in", () => {
  it("takes name and password, keeps the CSRF token and goes where one wanted to", async () => {
    const { user } = await render(<LoginPage />, { at: "/login?next=%2Fdashboard%2Finbox%3Fq%3Drefund" });
    await user.type(screen.getByRole("textbox", { name: /Operator/ }), "owner");
    await user.type(secretField(/^Password/), PASSWORDS.owner);
    await user.click(screen.getByRole("button", { name: "Sign in" }));
    expect(await elsewhere()).toBe("/dashboard/inbox?q=refund");
    expect(csrf.get()).toBe(db.sessions.find(({ id }) => id === db.current)?.csrf);
  });

  it("takes a sign-in token and remembers the way, not the token", async () => {
    const { user } = await render(<LoginPage />, { at: "/login" });
    await user.click(screen.getByRole("radio", { name: "Sign-in token" }));
    await user.type(secretField(/^Sign-in token/), SIGN_IN_TOKEN);
    await user.keyboard("{Enter}");
    expect(await elsewhere()).toBe("/dashboard");
    expect(localStorage.getItem("countersign-sign-in-way")).toBe("token");
    expect(JSON.stringify({ ...localStorage })).not.toContain(SIGN_IN_TOKEN);
  });

  it("says what is wrong, and after too many tries for how long", async () => {
    db.settings.sign_in.attempts = 2;
    const { user } = await render(<LoginPage />, { at: "/login" });
    await user.type(screen.getByRole("textbox", { name: /Operator/ }), "owner");
    await user.type(secretField(/^Password/), "not my password");
    await user.click(screen.getByRole("button", { name: "Sign in" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("That did not sign you in");
    expect(screen.getByRole("alert")).toHaveTextContent("After 1 more wrong try, further ones are refused for a while");
    await user.click(screen.getByRole("button", { name: "Sign in" }));
    await waitFor(() => expect(screen.getByRole("alert")).toHaveTextContent("Too many tries"));
    await waitFor(() => expect(screen.getByRole("alert")).toHaveTextContent(/for another [45]:\d\d/));
    // The right one passes at once: the button stays.
    expect(screen.getByRole("button", { name: "Sign in" })).toBeEnabled();
  });

  it("leads to the passphrase where the gateway is locked", async () => {
    db.isLocked = true;
    const { user } = await render(<LoginPage />, { at: "/login?next=%2Fdashboard%2Finbox" });
    await user.type(screen.getByRole("textbox", { name: /Operator/ }), "owner");
    await user.type(secretField(/^Password/), "whatever it is{Enter}");
    expect(await elsewhere()).toContain("/unlock?next=");
  });

  it("names the browser", () => {
    expect(browserLabel("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")).toBe(
      "Firefox on Linux",
    );
    expect(browserLabel("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36")).toBe(
      "Chromium on Linux",
    );
  });
});

describe("unlocking", () => {
  it("refuses a wrong passphrase at its field, takes the right one and goes on to sign-in", async () => {
    db.isLocked = true;
    const { user } = await render(<UnlockPage />, { at: "/unlock" });
    const field = screen.getByLabelText(/Passphrase of the vault/);
    await user.type(field, "not the passphrase{Enter}");
    expect(await screen.findByText(/This is not the passphrase/)).toBeVisible();
    await user.clear(field);
    await user.type(field, `${db.passphrase}{Enter}`);
    expect(await elsewhere()).toBe("/login");
    expect(db.isLocked).toBe(false);
  });
});
