/** A gateway with a target and two agents, and requests of any shape. */
import { Gateway, type GatewayOptions } from "./gateway";
import { Upstream } from "./upstream";

/** What an agent asks for. */
export interface Ask {
  method?: string;
  path?: string;
  body?: unknown;
  /** A body that is no text. */
  bytes?: Uint8Array;
  intent?: string;
  urgency?: "low" | "normal" | "high" | "critical";
  headers?: Record<string, string>;
}

export class Scene {
  private constructor(
    readonly gateway: Gateway,
    readonly upstream: Upstream,
    /** Keys of the agents, by name. */
    readonly keys: Record<string, string>,
  ) {}

  static async start(options: GatewayOptions = {}): Promise<Scene> {
    const upstream = await Upstream.start();
    const gateway = await Gateway.start(options);
    const keys: Record<string, string> = {};
    if (!options.isFresh && !options.isLocked) {
      const target = { name: "payments", connector: "http", base_url: upstream.origin, allow_private_network: true };
      await gateway.call("POST", "/api/v1/targets", target);
      const credential = { target: "payments", type: "bearer", value: "sk-upstream-3f9a27c1d8e64b05" };
      await gateway.call("POST", "/api/v1/credentials", credential);
      for (const name of ["billing-bot", "support-bot"]) {
        const added = await gateway.call<{ key: string }>("POST", "/api/v1/agents", {
          name,
          description: `${name} of the tests`,
        });
        keys[name] = added.key;
        for (const [action, verdict] of [
          ["GET /**", "allow"],
          ["POST /**", "ask"],
          ["DELETE /**", "ask"],
          ["PUT /forbidden", "deny"],
        ]) {
          await gateway.call("POST", "/api/v1/grants", { agent: name, target: "payments", action, verdict });
        }
      }
    }
    return new Scene(gateway, upstream, keys);
  }

  /** Submits an action as an agent; gives its id. */
  async ask(ask: Ask = {}, agent = "billing-bot"): Promise<string> {
    const {
      method = "POST",
      path = "/charges",
      body = { amount: 4200, currency: "eur" },
      intent = "charge the order",
    } = ask;
    const answer = await this.gateway.call<{ id: string }>(
      "POST",
      "/api/v1/actions",
      {
        target: "payments",
        action: `${method} ${path}`,
        ...(ask.bytes ? { body_base64: Buffer.from(ask.bytes).toString("base64") } : { body }),
        intent,
        urgency: ask.urgency ?? "normal",
        ...(ask.headers ? { input: { headers: ask.headers } } : {}),
      },
      this.keys[agent],
    );
    return answer.id;
  }

  /** Carries out an approved action as its agent. */
  execute(id: string, agent = "billing-bot"): Promise<unknown> {
    return this.gateway.call("POST", `/api/v1/actions/${id}/execute`, {}, this.keys[agent]);
  }

  /** Denies everything that waits. */
  async clear(): Promise<void> {
    const waiting = await this.gateway.call<{ items: { id: string }[] }>("GET", "/api/v1/approvals?limit=200");
    for (const { id } of waiting.items)
      await this.gateway.call("POST", `/api/v1/approvals/${id}/deny`, { note: "end of test" }).catch(() => undefined);
  }

  /** Adds an operator and gives a token to sign in with. */
  async operator(name: string, role: "owner" | "approver" | "viewer"): Promise<string> {
    return (await this.gateway.call<{ token: string }>("POST", "/api/v1/operators", { name, role })).token;
  }

  async end(): Promise<void> {
    await this.gateway.end();
    await this.upstream.end();
  }
}
