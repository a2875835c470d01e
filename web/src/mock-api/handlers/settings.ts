import type { Schemas } from "@/api/client";
import { db, record, type Settings } from "../db";
import { caller } from "../guard";
import { conflict, invalid } from "../problem";
import { read, route } from "../route";

const YEAR = 366 * 86_400;

const BOUNDS: [field: string, value: (settings: Settings) => number | null, low: number, high: number][] = [
  ["approval_deadline_seconds", (it) => it.approval_deadline_seconds, 10, YEAR],
  ["execute_ttl_seconds", (it) => it.execute_ttl_seconds, 1, YEAR],
  ["sign_in.attempts", (it) => it.sign_in.attempts, 1, 100],
  ["sign_in.lockout_seconds", (it) => it.sign_in.lockout_seconds, 1, 86_400],
  ["session_hours", (it) => it.session_hours, 1, 24 * 31],
  ["evidence_body_bytes", (it) => it.evidence_body_bytes, 0, 64 * 2 ** 20],
  ["scan.input.warn", (it) => it.scan.input.warn, 0, 1],
  ["scan.input.block", (it) => it.scan.input.block, 0, 1],
  ["scan.tool_output.warn", (it) => it.scan.tool_output.warn, 0, 1],
  ["scan.tool_output.block", (it) => it.scan.tool_output.block, 0, 1],
  ["scan.taint_minutes", (it) => it.scan.taint_minutes, 1, 10_080],
  ["evidence_retention_days", (it) => it.evidence_retention_days, 1, 36_600],
];

export const settingsHandlers = [
  route("get", "/api/v1/settings", ({ request }) => {
    caller(request, "config_read");
    return db.settings;
  }),
  route("patch", "/api/v1/settings", async ({ request }) => {
    const { actor } = caller(request, "config_write");
    const body = await read<Partial<Settings>>(request, [
      "separation_of_duties",
      "approval_deadline_seconds",
      "execute_ttl_seconds",
      "sign_in",
      "session_hours",
      "evidence_retention_days",
      "evidence_body_bytes",
      "scan",
    ]);
    const { scan } = db.settings;
    const next: Settings = {
      ...db.settings,
      ...body,
      sign_in: { ...db.settings.sign_in, ...body.sign_in },
      scan: {
        ...scan,
        ...body.scan,
        input: { ...scan.input, ...body.scan?.input },
        tool_output: { ...scan.tool_output, ...body.scan?.tool_output },
      },
    };
    for (const [field, of, low, high] of BOUNDS) {
      const value = of(next);
      if (value !== null && !(value >= low && value <= high)) {
        throw invalid(field, `${field} must be between ${low} and ${high}`);
      }
    }
    for (const channel of ["input", "tool_output"] as const) {
      const { warn, block } = next.scan[channel];
      if (warn !== null && block !== null && warn > block) {
        throw invalid(`scan.${channel}.warn`, "the threshold to warn at can't be above the one to block at");
      }
    }
    if (!next.sign_in.token && !next.sign_in.password) {
      throw invalid("sign_in", "one way to sign in must stay on: nobody could get in any more");
    }
    const hasPassword = db.operators.some((it) => it.role === "owner" && !it.disabled_at && it.password !== undefined);
    if (!next.sign_in.token && !hasPassword) {
      throw conflict("no_password_owner", "no owner has a password, so nobody could sign in any more: set one first");
    }
    db.settings = next;
    db.epoch += 1;
    record("config.settings.updated", { actor, subject: "settings" });
    return next;
  }),
  route("get", "/api/v1/network", ({ request }) => {
    caller(request, "config_read");
    return {
      listeners: [{ address: "http://127.0.0.1:18790", serves: "everything", tls: null }],
      hosts: [],
      origins: [],
      trusted_proxies: [],
      data_dir: "/var/lib/countersign",
      config_file: null,
      store: "sqlcipher",
    } satisfies Schemas["NetworkView"];
  }),
  route("get", "/api/v1/configuration", ({ request }) => {
    caller(request, "config_read");
    return {
      agents: db.agents.map(({ name, description, labels }) => ({ name, description, labels })),
      targets: [],
      grants: [],
      rules: [],
      settings: db.settings,
    };
  }),
  route("post", "/api/v1/configuration/plan", ({ request }) => {
    caller(request, "config_read");
    return { items: [], next: null };
  }),
  route("get", "/api/v1/status", ({ request }) => {
    caller(request, "config_read");
    const count = (state: string) => db.actions.filter((action) => action.state === state).length;
    return {
      version: "0.1.0",
      started_at: new Date(db.startedAt).toISOString(),
      uptime_seconds: Math.round((Date.now() - db.startedAt) / 1_000),
      epoch: db.epoch,
      ready: db.problems.length === 0,
      problems: db.problems,
      agents: db.agents.length,
      targets: db.targets.length,
      pending: count("pending"),
      running: count("executing"),
      kills: db.kills.length,
    };
  }),
];
