import { screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { db } from "@/mock-api/db";
import { render } from "@/mock-api/render";
import { signInAs } from "@/mock-api/seed";
import { AgentPage } from "./AgentPage";
import { AgentsPage } from "./AgentsPage";

const agentAt = (tab: string, name = "shop-assistant") =>
  render(<AgentPage />, { at: `/dashboard/agents/${name}/${tab}`, path: "/dashboard/agents/$name/$tab" });

// Tables draw only the rows in view, and nothing has a height in jsdom.
beforeEach(() => {
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(800);
});

describe("agents", () => {
  it("lists who asks, and finds by name", async () => {
    signInAs("viewer");
    const { user } = await render(<AgentsPage />, { at: "/dashboard/agents" });
    expect(await screen.findByRole("link", { name: "deploy-bot" })).toBeInTheDocument();
    await user.type(screen.getByRole("searchbox", { name: "Filter agents" }), "shop{enter}");
    await waitFor(() => expect(screen.queryByRole("link", { name: "deploy-bot" })).not.toBeInTheDocument());
    expect(screen.getByRole("link", { name: "shop-assistant" })).toBeInTheDocument();
  });

  it("shows a new agent's key once and never again", async () => {
    signInAs("owner");
    const { user, client } = await render(<AgentsPage />, { at: "/dashboard/agents" });
    await user.click(await screen.findByRole("button", { name: "Add an agent" }));
    await user.type(await screen.findByRole("textbox", { name: /^Name/ }), "new-agent");
    await user.click(screen.getByRole("button", { name: "Add the agent" }));
    await screen.findByText(/shown this once/);
    const agent = db.agents.find(({ name }) => name === "new-agent");
    const secret = db.keys.find((key) => key.agent === agent?.id)?.secret ?? "none";
    expect(screen.getByText(secret)).toBeInTheDocument();
    const [, close] = within(screen.getByRole("dialog")).getAllByRole("button", { name: "Close" });
    await user.click(close as HTMLElement);
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
    await user.click(screen.getByRole("button", { name: "Add an agent" }));
    await screen.findByRole("dialog", { name: "Add an agent" });
    expect(document.body).not.toHaveTextContent(secret);
    // Nor does a cache keep it.
    const kept = client
      .getQueryCache()
      .getAll()
      .map(({ state }) => state.data);
    expect(JSON.stringify(kept)).not.toContain(secret);
  });

  it("says at the field what is wrong with a name", async () => {
    signInAs("owner");
    const { user } = await render(<AgentsPage />, { at: "/dashboard/agents" });
    await user.click(await screen.findByRole("button", { name: "Add an agent" }));
    const name = await screen.findByRole("textbox", { name: /^Name/ });
    await user.type(name, "-no");
    await user.click(screen.getByRole("button", { name: "Add the agent" }));
    expect(name).toBeInvalid();
    await user.clear(name);
    await user.type(name, "shop-assistant");
    await user.click(screen.getByRole("button", { name: "Add the agent" }));
    expect(await screen.findByText(/choose another/)).toBeInTheDocument();
    expect(name).toBeInvalid();
  });

  it("stops with a reason and releases", async () => {
    signInAs("approver");
    const { user } = await agentAt("overview");
    await user.click(await screen.findByRole("button", { name: "Stop" }));
    const dialog = await screen.findByRole("dialog", { name: "Stop shop-assistant" });
    expect(dialog).toHaveTextContent("Within a second, running calls of shop-assistant are cancelled");
    await user.click(within(dialog).getByRole("button", { name: "Stop" }));
    expect(within(dialog).getByRole("textbox", { name: /Reason/ })).toBeInvalid();
    expect(db.kills).toHaveLength(0);
    await user.type(within(dialog).getByRole("textbox", { name: /Reason/ }), "odd charges");
    await user.click(within(dialog).getByRole("button", { name: "Stop" }));
    await user.click(await screen.findByRole("button", { name: "Release" }));
    expect(db.kills).toMatchObject([{ scope: "agent", reason: "odd charges" }]);
    const release = await screen.findByRole("dialog", { name: "Release shop-assistant" });
    await user.click(within(release).getByRole("button", { name: "Release" }));
    await waitFor(() => expect(db.kills).toHaveLength(0));
  });

  it("deletes only after the name was typed, and says what is lost", async () => {
    signInAs("owner");
    const { user } = await agentAt("overview");
    await waitFor(() => expect(screen.getByRole("tab", { name: /Grants 3/ })).toBeInTheDocument());
    await user.click(screen.getByRole("button", { name: "Delete" }));
    const dialog = await screen.findByRole("dialog", { name: "Delete shop-assistant" });
    expect(dialog).toHaveTextContent("1 key: each stops working within a second");
    expect(dialog).toHaveTextContent("3 grants");
    const button = within(dialog).getByRole("button", { name: "Delete the agent" });
    expect(button).toBeDisabled();
    await user.type(within(dialog).getByRole("textbox"), "shop-assistant");
    await user.click(button);
    expect(await screen.findByTestId("elsewhere")).toHaveTextContent("/dashboard/agents");
    expect(db.agents.some(({ name }) => name === "shop-assistant")).toBe(false);
  });

  it("stops before it writes over what somebody else changed meanwhile, and loads theirs", async () => {
    signInAs("owner");
    const { user } = await agentAt("overview");
    await user.click(await screen.findByRole("button", { name: "Edit" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Edit shop-assistant" }));
    const description = dialog.getByRole("textbox", { name: "Description" });
    await user.clear(description);
    await user.type(description, "mine");
    const agent = db.agents.find(({ name }) => name === "shop-assistant");
    Object.assign(agent ?? {}, { description: "theirs", revision: 2 });
    await user.click(dialog.getByRole("button", { name: "Save" }));
    expect(await dialog.findByRole("alert")).toHaveTextContent("its description (revision 1, now 2)");
    expect(agent?.description).toBe("theirs");
    await user.click(dialog.getByRole("button", { name: "Drop mine and load theirs" }));
    expect(description).toHaveValue("theirs");
    await user.type(description, ", and mine");
    await user.click(dialog.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(agent).toMatchObject({ description: "theirs, and mine", revision: 3 }));
  });

  it("says that it is gone when somebody else deleted it meanwhile", async () => {
    signInAs("viewer");
    const { client } = await agentAt("overview");
    expect(await screen.findByText("answers shoppers and takes orders")).toBeInTheDocument();
    db.agents = db.agents.filter(({ name }) => name !== "shop-assistant");
    await client.invalidateQueries({ queryKey: ["agents"] });
    expect(await screen.findByRole("alert")).toHaveTextContent("no such agent");
  });

  it.each(["viewer", "approver"] as const)("tells a %s why nothing can be changed", async (role) => {
    signInAs(role);
    const { user } = await agentAt("grants");
    const add = await screen.findByRole("button", { name: "Add a grant" });
    expect(add).toHaveAttribute("aria-disabled", "true");
    await user.click(add);
    expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
    expect(await screen.findByRole("tooltip")).toHaveTextContent(
      `You are signed in as ${role}: this needs the role owner`,
    );
    const kill = screen.getByRole("button", { name: "Stop" });
    if (role === "viewer") expect(kill).toHaveAttribute("aria-disabled", "true");
    else expect(kill).not.toHaveAttribute("aria-disabled");
  });
});

describe("keys", () => {
  it("makes one with scopes, a life and a rate limit, and shows it once with a call to try it", async () => {
    signInAs("owner");
    const { user } = await agentAt("keys");
    await user.click(await screen.findByRole("button", { name: "Add a key" }));
    await user.type(await screen.findByRole("textbox", { name: /^Name/ }), "ci");
    await user.click(screen.getByRole("checkbox", { name: "request:create" }));
    await user.selectOptions(screen.getByRole("combobox", { name: "Expires" }), "After 30 days");
    await user.type(screen.getByRole("textbox", { name: "Rate limit" }), "60");
    await user.click(screen.getByRole("button", { name: "Make the key" }));
    await screen.findByText(/shown this once/);
    const key = db.keys.find(({ name }) => name === "ci");
    expect(key).toMatchObject({ scopes: ["request:read"], rate_limit_per_minute: 60 });
    expect(Date.parse(key?.expires_at ?? "") - Date.now()).toBeGreaterThan(29 * 86_400_000);
    expect(screen.getByText(key?.secret ?? "none")).toBeInTheDocument();
    expect(screen.getByText(/curl -sS/)).toHaveTextContent("Bearer $AGENT_KEY");
    expect(screen.getByText(/curl -sS/)).not.toHaveTextContent(key?.secret ?? "none");
  });

  it("revokes after a question", async () => {
    signInAs("owner");
    const { user } = await agentAt("keys");
    await user.click(await screen.findByRole("button", { name: "Revoke default" }));
    const dialog = await screen.findByRole("dialog", { name: "Revoke default" });
    expect(dialog).toHaveTextContent("open streams close within a second");
    await user.click(within(dialog).getByRole("button", { name: "Revoke the key" }));
    await waitFor(() => expect(screen.queryByRole("button", { name: "Revoke default" })).not.toBeInTheDocument());
  });
});

describe("grants", () => {
  it("explains each verdict and says what a pattern covers while it is typed", async () => {
    signInAs("owner");
    const { user } = await agentAt("grants");
    await user.click(await screen.findByRole("button", { name: "Add a grant" }));
    const dialog = await screen.findByRole("dialog", { name: "Add a grant for shop-assistant" });
    expect(within(dialog).getByRole("radio", { name: "ask" })).toBeChecked();
    for (const [verdict, words] of [
      ["allow", /runs at once/],
      ["ask", /human is asked/],
      ["deny", /refused/],
      ["by policy", /The rules say/],
    ] as const)
      expect(within(dialog).getByRole("radio", { name: verdict })).toHaveAccessibleDescription(words);
    await user.selectOptions(within(dialog).getByRole("combobox", { name: /Target/ }), "crm");
    const action = within(dialog).getByRole("textbox", { name: /Action/ });
    await user.type(action, "DELETE /customers/*");
    expect(await within(dialog).findByText(/Covers DELETE/)).toBeInTheDocument();
    expect(within(dialog).getByText("destructive")).toBeInTheDocument();
    await user.clear(action);
    await user.type(action, "restart");
    expect(await within(dialog).findByText(/No action of this target fits/)).toBeInTheDocument();
    await user.clear(action);
    await user.type(action, "/customers");
    await user.click(within(dialog).getByRole("button", { name: "Add the grant" }));
    expect(action).toBeInvalid();
    await user.clear(action);
    await user.type(action, "GET /customers/*");
    await user.click(within(dialog).getByRole("radio", { name: "by policy" }));
    await user.selectOptions(within(dialog).getByRole("combobox", { name: "Ends" }), "After 1 hour");
    await user.click(within(dialog).getByRole("button", { name: "Add the grant" }));
    await waitFor(() =>
      expect(db.grants.find((grant) => grant.action === "GET /customers/*")).toMatchObject({
        verdict: "by_policy",
        expires_at: expect.any(String),
      }),
    );
  });

  it("removes at once and gives back", async () => {
    signInAs("owner");
    const { user } = await agentAt("grants");
    await user.click(await screen.findByRole("button", { name: "Remove the grant POST /charges" }));
    await waitFor(() => expect(db.grants.some(({ action }) => action === "POST /charges")).toBe(false));
    await user.click(await screen.findByRole("button", { name: "Undo" }));
    await waitFor(() =>
      expect(db.grants.find(({ action }) => action === "POST /charges")).toMatchObject({ verdict: "ask" }),
    );
  });
});
