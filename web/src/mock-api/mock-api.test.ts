import { waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { api, body } from "@/api/client";
import { type LiveEvent, LiveStream } from "@/api/live";
import { Problem } from "@/api/problem";
import { csrf } from "@/api/session";
import { db } from "./db";
import { arrive, PASSWORDS, signInAs } from "./seed";

const problem = (call: Promise<unknown>) =>
  call.then(
    () => {
      throw new Error("it was not refused");
    },
    (error: unknown) => error as Problem,
  );

describe("the backend in memory", () => {
  it("answers nobody who is not signed in", async () => {
    const refused = await problem(api.GET("/api/v1/agents"));
    expect(refused).toBeInstanceOf(Problem);
    expect(refused.code).toBe("unauthenticated");
  });

  it("signs in and hands the CSRF token out", async () => {
    const signedIn = await body(api.POST("/api/v1/sessions", { body: { name: "owner", password: PASSWORDS.owner } }));
    csrf.set(signedIn.csrf_token ?? "");
    expect((await body(api.GET("/api/v1/sessions/me"))).role).toBe("owner");
    await body(api.POST("/api/v1/agents", { body: { name: "new-agent" } }));
    expect((await problem(api.POST("/api/v1/agents", { body: { name: "new-agent" } }))).code).toBe("name_taken");
  });

  it("refuses a change without the CSRF token", async () => {
    signInAs("owner");
    csrf.clear();
    expect((await problem(api.POST("/api/v1/agents", { body: { name: "new-agent" } }))).code).toBe("csrf");
  });

  it("keeps viewers from deciding", async () => {
    signInAs("viewer");
    const id = db.actions.find(({ state }) => state === "pending")?.id ?? "";
    const refused = await problem(api.POST("/api/v1/approvals/{id}/approve", { params: { path: { id } } }));
    expect(refused.code).toBe("forbidden");
  });

  it("pages through actions", async () => {
    signInAs("viewer");
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await body(api.GET("/api/v1/actions", { params: { query: { limit: 7, cursor } } }));
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.next ?? undefined;
    } while (cursor);
    expect(seen).toHaveLength(40);
    expect(new Set(seen).size).toBe(40);
  });

  it("tells of an approval and its execution over the stream", async () => {
    signInAs("approver");
    const seen: LiveEvent[] = [];
    const stream = new LiveStream(
      () => {},
      () => {},
    );
    stream.subscribe((event) => seen.push(event));
    stream.start();
    await waitFor(() => expect(stream.state).toBe("live"));
    const { id } = arrive({ agent: "shop-assistant", target: "payments", action: "POST /charges" });
    const path = { id };
    await body(api.POST("/api/v1/approvals/{id}/approve", { params: { path }, body: { note: "fine" } }));
    await waitFor(() => expect(seen.map(({ kind }) => kind)).toContain("action.outcome"));
    expect((await body(api.GET("/api/v1/actions/{id}", { params: { path } }))).state).toBe("succeeded");
    const again = await problem(api.POST("/api/v1/approvals/{id}/deny", { params: { path }, body: {} }));
    expect(again.code).toBe("already_decided");
    stream.stop();
  });
});
