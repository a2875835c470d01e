/** The gateway as it is shipped: the binary, onboarded in a folder of its own, on a free port of loopback. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, cpSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The binary under test, which has this page inside. */
const binary = process.env.COUNTERSIGN_BINARY ?? join(import.meta.dirname, "../../../target/debug/countersign");

export const PASSPHRASE = "correct-horse-battery-staple";
const START_MS = 60_000;

export interface GatewayOptions {
  /** Leaves the data directory empty: the gateway opens its set-up. */
  isFresh?: boolean;
  /** Starts without the passphrase: the gateway waits to be unlocked. */
  isLocked?: boolean;
}

export class Gateway {
  readonly folder = mkdtempSync(join(tmpdir(), "countersign-e2e-"));
  /** `http://127.0.0.1:PORT`. */
  origin = "";
  /** The owner's sign-in token. */
  token = "";
  /** A key that may do and decide everything. */
  adminKey = "";
  #child: ChildProcess | undefined;
  #listen = "127.0.0.1:0";

  private constructor(private readonly options: GatewayOptions) {}

  static async start(options: GatewayOptions = {}): Promise<Gateway> {
    const gateway = new Gateway(options);
    try {
      if (!options.isFresh) await gateway.onboard();
      await gateway.launch();
    } catch (error) {
      await gateway.end();
      throw error;
    }
    return gateway;
  }

  private environment(isOnboarding = false): NodeJS.ProcessEnv {
    const environment: NodeJS.ProcessEnv = {
      PATH: "/usr/local/bin:/usr/bin:/bin",
      HOME: this.folder,
      COUNTERSIGN_DATA_DIR: join(this.folder, "data"),
      RUST_BACKTRACE: "0",
    };
    if (isOnboarding || !(this.options.isLocked || this.options.isFresh))
      environment.COUNTERSIGN_MASTER_KEY = PASSPHRASE;
    return environment;
  }

  private async onboard(): Promise<void> {
    const { stdout } = await run(binary, ["onboard", "--yes", "--with-decide", "--json"], {
      env: this.environment(true),
    });
    const onboarded = JSON.parse(stdout) as { admin_key: string; token: string };
    this.adminKey = onboarded.admin_key;
    this.token = onboarded.token;
  }

  /** Starts the process, on the same port when it ran before. */
  async launch(): Promise<void> {
    const output = join(this.folder, "gateway.out");
    const [out, err] = [openSync(output, "w"), openSync(join(this.folder, "gateway.log"), "a")];
    const child = spawn(binary, ["gateway", "--listen", this.#listen], {
      env: this.environment(),
      stdio: ["ignore", out, err],
    });
    closeSync(out);
    closeSync(err);
    this.#child = child;
    const deadline = Date.now() + START_MS;
    for (;;) {
      const address = /^listening on (http:\/\/\S+)\n/m.exec(readFileSync(output, "utf8"))?.[1];
      if (address) {
        this.origin = address;
        this.#listen = new URL(address).host;
        return;
      }
      if (child.exitCode !== null || Date.now() > deadline)
        throw new Error(`the gateway did not start:\n${this.log()}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  log(): string {
    return readFileSync(join(this.folder, "gateway.log"), "utf8");
  }

  /** The one-time address of the set-up, as it was written where only the owner of the folder can read it. */
  setupAddress(): string {
    const address = /http:\/\/\S+\/setup#\S+/.exec(this.dataFile("setup-address"))?.[0];
    if (!address) throw new Error(`no address of the set-up:\n${this.log()}`);
    return address;
  }

  /** A file that the gateway wrote into its data directory. */
  dataFile(name: string): string {
    return readFileSync(join(this.folder, "data", name), "utf8");
  }

  /** Puts a file or folder of its own folder aside or back, while it does not run. */
  copy(from: string, to: string): void {
    rmSync(join(this.folder, to), { recursive: true, force: true });
    cpSync(join(this.folder, from), join(this.folder, to), { recursive: true });
  }

  /** Ends the process as a power cut would, or in good order. */
  async stop(signal: "SIGKILL" | "SIGTERM" = "SIGTERM"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  }

  /** Stops it and removes its folder. */
  async end(): Promise<void> {
    await this.stop("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Runs a command of the binary as the admin. */
  async command(...words: string[]): Promise<string> {
    const env = { ...this.environment(), COUNTERSIGN_API_KEY: this.adminKey };
    return (await run(binary, words, { env })).stdout;
  }

  /** Calls the API with a key: the admin's unless another is given. */
  async call<T = unknown>(method: string, path: string, body?: unknown, key = this.adminKey): Promise<T> {
    const response = await fetch(this.origin + path, {
      method,
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }
}
