import { screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { db } from "@/mock-api/db";
import { render } from "@/mock-api/render";
import { signInAs } from "@/mock-api/seed";
import { TargetPage } from "./TargetPage";
import { TargetsPage } from "./TargetsPage";

const targetAt = (tab: string, name = "crm") =>
  render(<TargetPage />, { at: `/dashboard/targets/${name}/${tab}`, path: "/dashboard/targets/$name/$tab" });
const find = (name: string) => db.targets.find((target) => target.name === name);

// Tables draw only the rows in view, and nothing has a height in jsdom.
beforeEach(() => {
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(800);
});

describe("targets", () => {
  it("adds one by the connector's schema, tests it and leads to its credential", async () => {
    signInAs("owner");
    const { user } = await render(<TargetsPage />, { at: "/dashboard/targets" });
    await user.click(await screen.findByRole("button", { name: "Add a target" }));
    const dialog = await screen.findByRole("dialog", { name: "Add a target" });
    await user.type(await within(dialog).findByRole("textbox", { name: /^Name/ }), "billing");
    await user.click(within(dialog).getByRole("button", { name: "Add and test" }));
    const url = within(dialog).getByRole("textbox", { name: "Base URL" });
    expect(url).toBeInvalid();
    // What only the gateway can tell stands at the same field.
    await user.type(url, "ftp://billing.example");
    await user.click(within(dialog).getByRole("button", { name: "Add and test" }));
    expect(await within(dialog).findByText(/not an address/)).toBeInTheDocument();
    expect(url).toBeInvalid();
    await user.clear(url);
    await user.type(url, "https://billing.example/v1");
    await user.click(within(dialog).getByRole("checkbox", { name: "Allow the private network" }));
    expect(within(dialog).getByText(/come near the gateway's own network/)).toBeInTheDocument();
    await user.click(within(dialog).getByRole("button", { name: "Add and test" }));
    expect(await screen.findByText(/The target (answers|was not reached)/)).toBeInTheDocument();
    expect(find("billing")).toMatchObject({
      config: { base_url: "https://billing.example/v1" },
      allow_private_network: true,
      risk_threshold: null,
    });
    await user.click(screen.getByRole("button", { name: "Set its credential" }));
    expect(await screen.findByTestId("elsewhere")).toHaveTextContent("/dashboard/targets/billing/credentials");
  });

  it("sends only what was changed, and warns that requests go stale", async () => {
    signInAs("owner");
    const { user } = await targetAt("overview");
    await user.click(await screen.findByRole("button", { name: "Edit" }));
    const dialog = await screen.findByRole("dialog", { name: "Edit crm" });
    const url = within(dialog).getByRole("textbox", { name: "Base URL" });
    expect(within(dialog).queryByText("Pending requests on it go stale")).not.toBeInTheDocument();
    await user.clear(url);
    await user.type(url, "https://crm2.example.com");
    expect(within(dialog).getByText("Pending requests on it go stale")).toBeInTheDocument();
    await user.click(within(dialog).getByRole("button", { name: "Save" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
    expect(find("crm")).toMatchObject({ config: { base_url: "https://crm2.example.com" } });
  });

  it("stops before it writes over what somebody else changed meanwhile", async () => {
    signInAs("owner");
    const { user } = await targetAt("overview");
    await user.click(await screen.findByRole("button", { name: "Edit" }));
    const dialog = await screen.findByRole("dialog", { name: "Edit crm" });
    await user.type(within(dialog).getByRole("textbox", { name: "Risk threshold" }), "0.5");
    Object.assign(find("crm") ?? {}, { config: { base_url: "https://other.example" }, revision: 2 });
    await user.click(within(dialog).getByRole("button", { name: "Save" }));
    expect(await within(dialog).findByText(/Somebody changed this target/)).toBeInTheDocument();
    expect(find("crm")).toMatchObject({ risk_threshold: null });
    await user.click(within(dialog).getByRole("button", { name: "Save mine all the same" }));
    await waitFor(() => expect(find("crm")).toMatchObject({ risk_threshold: 0.5 }));
    expect(find("crm")).toMatchObject({ config: { base_url: "https://other.example" } });
  });

  it("deletes only after the name was typed", async () => {
    signInAs("owner");
    const { user } = await targetAt("overview");
    await user.click(await screen.findByRole("button", { name: "Delete" }));
    const dialog = await screen.findByRole("dialog", { name: "Delete crm" });
    await waitFor(() => expect(dialog).toHaveTextContent("1 credential: nobody can read it back"));
    const button = within(dialog).getByRole("button", { name: "Delete the target" });
    expect(button).toBeDisabled();
    await user.type(within(dialog).getByRole("textbox"), "crm");
    await user.click(button);
    await waitFor(() => expect(find("crm")).toBeUndefined());
  });

  it("adds a profile, and never offers to remove the default one", async () => {
    signInAs("owner");
    const { user } = await targetAt("profiles", "mailer");
    expect(await screen.findByRole("button", { name: "Remove default" })).toHaveAttribute("aria-disabled", "true");
    await user.click(screen.getByRole("button", { name: "Add a profile" }));
    await user.type(await screen.findByRole("textbox", { name: /^Name/ }), "bulk");
    await user.click(screen.getByRole("button", { name: "Add the profile" }));
    expect(await screen.findByRole("button", { name: "Remove bulk" })).not.toHaveAttribute("aria-disabled");
  });

  it("says what the connector can do and which grants touch it", async () => {
    signInAs("viewer");
    await targetAt("actions");
    const table = await screen.findByRole("table", { name: "Actions" });
    const row = within(table).getByText("DELETE /**").closest<HTMLElement>('[role="row"]');
    expect(row).toHaveTextContent("destructive");
    await waitFor(() => expect(row).toHaveTextContent("1by policy"));
  });
});

describe("credentials", () => {
  it("takes a value and never shows it", async () => {
    signInAs("owner");
    const { user, client } = await targetAt("credentials", "legacy-erp");
    await user.click(await screen.findByRole("button", { name: "Set the credential" }));
    const dialog = await screen.findByRole("dialog", { name: "Set the credential of legacy-erp" });
    await user.selectOptions(within(dialog).getByRole("combobox", { name: "Type" }), "Key in a header");
    await user.type(within(dialog).getByRole("textbox", { name: /Header/ }), "X-Api-Key");
    await user.click(within(dialog).getByRole("button", { name: "Set the credential" }));
    const key = within(dialog).getByLabelText(/^Key/);
    expect(key).toBeInvalid();
    expect(key).toHaveAttribute("type", "password");
    await user.type(key, "top-secret-value");
    await user.click(within(dialog).getByRole("button", { name: "Set the credential" }));
    expect(await screen.findByRole("button", { name: "Replace" })).toBeInTheDocument();
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
    await waitFor(() => expect(screen.getByText(/X-Api-Key/)).toHaveTextContent("********"));
    expect(document.body.innerHTML).not.toContain("top-secret-value");
    const kept = client
      .getQueryCache()
      .getAll()
      .map(({ state }) => state.data);
    expect(JSON.stringify(kept)).not.toContain("top-secret-value");
  });

  it("says that a replacement makes requests stale, and begins empty", async () => {
    signInAs("owner");
    const { user } = await targetAt("credentials");
    await user.click(await screen.findByRole("button", { name: "Replace" }));
    const dialog = await screen.findByRole("dialog", { name: "Replace the credential of crm" });
    expect(dialog).toHaveTextContent("go stale");
    expect(within(dialog).getByLabelText(/^Key/)).toHaveValue("");
  });

  it("tells a viewer why not", async () => {
    signInAs("viewer");
    await targetAt("credentials");
    expect(await screen.findByRole("button", { name: "Replace" })).toHaveAttribute("aria-disabled", "true");
    expect(screen.getByRole("button", { name: "Remove" })).toHaveAttribute("aria-disabled", "true");
  });
});
