import { screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ProofAsker } from "@/components/ProofAsker";
import { db, find } from "@/mock-api/db";
import { render } from "@/mock-api/render";
import { PASSWORDS, signInAs } from "@/mock-api/seed";
import { textOfSeconds } from "./SecondsInput";
import { SettingsPage } from "./SettingsPage";

beforeEach(() => {
  // The tables draw the rows in view, and jsdom gives nothing a height.
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(800);
  vi.spyOn(Element.prototype, "clientWidth", "get").mockReturnValue(1_200);
});

const open = (tab: string) =>
  render(
    <>
      <SettingsPage />
      <ProofAsker />
    </>,
    { at: `/dashboard/settings/${tab}`, path: "/dashboard/settings/$tab" },
  );

const dialog = (name: string | RegExp) => screen.findByRole("dialog", { name });

async function act(user: Awaited<ReturnType<typeof open>>["user"], name: string, item: string) {
  await user.click(await screen.findByRole("button", { name: `Actions for ${name}` }));
  await user.click(await screen.findByRole("menuitem", { name: item }));
}

describe("operators", () => {
  it("adds one and shows their token once", async () => {
    signInAs("owner");
    const { user } = await open("operators");
    await user.click(await screen.findByRole("button", { name: "Add an operator" }));
    const box = within(await dialog("Add an operator"));
    await user.type(box.getByRole("textbox", { name: /Name/ }), "grace");
    await user.click(box.getByRole("radio", { name: "Viewer" }));
    await user.click(box.getByRole("button", { name: "Add the operator" }));
    expect(await screen.findByTestId("secret")).toHaveTextContent(db.tokens.at(-1)?.secret ?? "?");
    expect(find(db.operators, "grace")?.role).toBe("viewer");
  });

  it("says at the name that it is taken", async () => {
    signInAs("owner");
    const { user } = await open("operators");
    await user.click(await screen.findByRole("button", { name: "Add an operator" }));
    const box = within(await dialog("Add an operator"));
    await user.type(box.getByRole("textbox", { name: /Name/ }), "alex");
    await user.click(box.getByRole("button", { name: "Add the operator" }));
    expect(await box.findByText(/already an operator with the name alex/)).toBeVisible();
  });

  it("keeps the last owner and says why", async () => {
    signInAs("owner");
    const { user } = await open("operators");
    await act(user, "owner", "Change role");
    const box = within(await dialog("Role of owner"));
    await user.click(box.getByRole("radio", { name: "Viewer" }));
    await user.click(box.getByRole("button", { name: "Change the role" }));
    expect(await box.findByText(/this is the last owner/)).toBeVisible();
    expect(find(db.operators, "owner")?.role).toBe("owner");
  });

  it("shuts one out after their name is typed", async () => {
    signInAs("owner");
    const { user } = await open("operators");
    await act(user, "alex", "Shut out");
    const box = within(await dialog("Shut alex out"));
    expect(box.getByRole("button", { name: "Shut out" })).toBeDisabled();
    await user.type(box.getByRole("textbox"), "alex");
    await user.click(box.getByRole("button", { name: "Shut out" }));
    await waitFor(() => expect(find(db.operators, "alex")?.disabled_at).toBeTruthy());
  });

  it("asks for a proof first where the last is old, and goes on after a mistyped one", async () => {
    signInAs("owner", { isProved: false });
    const { user } = await open("operators");
    await act(user, "alex", "Change role");
    const box = within(await dialog("Role of alex"));
    await user.click(box.getByRole("radio", { name: "Viewer" }));
    await user.click(box.getByRole("button", { name: "Change the role" }));
    const proof = within(await dialog("Prove that it is you"));
    const field = proof.getByLabelText(/^Password/, { selector: "input[type=password]" });
    await user.type(field, "wrong{Enter}");
    expect(await proof.findByRole("alert")).toHaveTextContent("That did not sign you in");
    await user.clear(field);
    await user.type(field, `${PASSWORDS.owner}{Enter}`);
    await waitFor(() => expect(find(db.operators, "alex")?.role).toBe("viewer"));
  });

  it("offers a viewer nothing, and says why", async () => {
    signInAs("viewer");
    await open("operators");
    expect(await screen.findByRole("button", { name: "Add an operator" })).toHaveAttribute("aria-disabled", "true");
  });
});

describe("sessions", () => {
  it("marks this one and ends another", async () => {
    signInAs("owner");
    const { user } = await open("sessions");
    expect(await screen.findByText("this one")).toBeVisible();
    const row = screen.getByRole("button", { name: "End Safari of alex" }).closest('[role="row"]');
    expect(row).toHaveTextContent("10.20.0.14");
    expect(screen.getByText("countersign 0.1.0").closest('[role="row"]')).toHaveTextContent("none yet");
    const before = db.sessions.length;
    await user.click(screen.getByRole("button", { name: "End Safari of alex" }));
    await user.click(within(await dialog("End a session")).getByRole("button", { name: "End the session" }));
    await waitFor(() => expect(db.sessions).toHaveLength(before - 1));
  });

  it("shows a viewer only their own", async () => {
    signInAs("viewer");
    await open("sessions");
    expect(await screen.findByText("this one")).toBeVisible();
    expect(screen.queryByText("alex")).not.toBeInTheDocument();
  });
});

describe("sign-in", () => {
  it("makes a token that is shown once, and revokes another", async () => {
    signInAs("owner");
    const { user } = await open("sign-in");
    await user.click(await screen.findByRole("button", { name: "Make a token" }));
    const box = within(await dialog("Make a sign-in token"));
    await user.type(box.getByRole("textbox", { name: /Name/ }), "tablet");
    await user.click(box.getByRole("button", { name: "Make the token" }));
    expect(await screen.findByTestId("secret")).toHaveTextContent(db.tokens.at(-1)?.secret ?? "?");
    await user.click(
      within(screen.getByRole("dialog")).getAllByRole("button", { name: "Close" }).at(-1) as HTMLElement,
    );
    await user.click(await screen.findByRole("button", { name: "Revoke laptop" }));
    await user.click(within(await dialog("Revoke laptop")).getByRole("button", { name: "Revoke the token" }));
    await waitFor(() => expect(db.tokens.find(({ name }) => name === "laptop")?.revoked_at).toBeTruthy());
  });

  it("shows an approver their own tokens only, and lets them revoke one", async () => {
    signInAs("approver");
    const [first, other] = db.tokens;
    const alex = find(db.operators, "alex");
    if (!first || !other || !alex) throw new Error("the seed has changed");
    db.tokens = [other, { ...first, name: "mine", operator: alex.id }];
    const { user } = await open("sign-in");
    await user.click(await screen.findByRole("button", { name: "Revoke mine" }));
    expect(screen.queryByText(other.name)).not.toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Make a token" })).toHaveAttribute("aria-disabled", "true");
    await user.click(within(await dialog("Revoke mine")).getByRole("button", { name: "Revoke the token" }));
    await waitFor(() => expect(find(db.tokens, "mine")?.revoked_at).toBeTruthy());
  });

  it("saves only what is allowed, and says at the field what is not", async () => {
    signInAs("owner");
    const { user } = await open("sign-in");
    const tries = await screen.findByRole("textbox", { name: "Wrong tries in a row" });
    await user.clear(tries);
    await user.type(tries, "500");
    const form = within(screen.getByRole("form", { name: "Rules of signing in" }));
    await user.click(form.getByRole("button", { name: "Save" }));
    expect(await form.findByText(/must be between 1 and 100/)).toBeVisible();
    await user.clear(tries);
    await user.type(tries, "7");
    await user.click(form.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(db.settings.sign_in.attempts).toBe(7));
  });
});

describe("the vault", () => {
  it("refuses a wrong passphrase without signing anybody out, and changes it", async () => {
    signInAs("owner");
    const { user } = await open("vault");
    await user.click(await screen.findByRole("button", { name: "Change the passphrase" }));
    const box = within(await dialog("Change the passphrase of the vault"));
    const field = (label: RegExp) => box.getByLabelText(label, { selector: "input" });
    await user.type(field(/^Passphrase as it is/), "not this one");
    await user.type(field(/^New passphrase( \*)?$/), "nine green owls at noon");
    await user.type(field(/^New passphrase again/), "nine green owls at noon");
    await user.click(box.getByRole("button", { name: "Change the passphrase" }));
    expect(await box.findByText(/nothing was changed/)).toBeVisible();
    await user.clear(field(/^Passphrase as it is/));
    await user.type(field(/^Passphrase as it is/), db.passphrase);
    await user.click(box.getByRole("button", { name: "Change the passphrase" }));
    await waitFor(() => expect(db.passphrase).toBe("nine green owls at noon"));
  });
});

describe("other tabs", () => {
  it("changes how long requests wait", async () => {
    signInAs("owner");
    const { user } = await open("general");
    const field = await screen.findByRole("textbox", { name: /waits for a decision/ });
    await user.clear(field);
    await user.type(field, "36h");
    await user.click(within(screen.getByRole("form", { name: "Decisions" })).getByRole("button", { name: "Save" }));
    await waitFor(() => expect(db.settings.approval_deadline_seconds).toBe(36 * 3_600));
  });

  it("shows start-up values, and that an unknown tab is none", async () => {
    signInAs("viewer");
    const { unmount } = await open("network");
    expect(await screen.findByText("COUNTERSIGN_LISTEN")).toBeVisible();
    expect(await screen.findByText("http://127.0.0.1:18790")).toBeVisible();
    expect(screen.getByText("SQLCipher, in the data folder")).toBeVisible();
    unmount();
    await open("nonsense");
    expect(await screen.findByText("There is no such page")).toBeVisible();
  });

  it("writes lengths of time in their largest unit", () => {
    expect([86_400, 5_400, 90, 3_600].map(textOfSeconds)).toEqual(["1d", "90m", "90s", "1h"]);
  });
});
