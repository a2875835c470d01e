/** What an agent wants to reach: a small API on loopback that says what it was sent. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export class Upstream {
  /** How many calls arrived, by `METHOD /path`. */
  readonly calls: string[] = [];
  private constructor(
    private readonly server: Server,
    readonly origin: string,
  ) {}

  static async start(): Promise<Upstream> {
    const server = createServer();
    // Node closes idle connections after 5 s: a call that is just then on its way would be lost.
    server.keepAliveTimeout = 600_000;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const upstream = new Upstream(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on("request", (request, response) => {
      upstream.calls.push(`${request.method} ${request.url}`);
      request.resume();
      request.on("end", () => {
        // Never answers: whoever waits has to end the connection.
        if (request.url?.includes("/hangs")) return;
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ ok: true, method: request.method, path: request.url }));
      });
    });
    return upstream;
  }

  async end(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
