/** The running demo, and what an operator's day looks like in it. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const binary = process.env.COUNTERSIGN_BINARY ?? join(import.meta.dirname, "../../target/release/countersign");

export interface Demo {
  origin: string;
  token: string;
  /** Calls the API as the demo's operator, or as the agent whose key is given. */
  call: <T>(method: string, path: string, body?: unknown, key?: string) => Promise<T>;
  end: () => Promise<void>;
}

/** Starts `countersign demo` and waits until it says that it is the human's turn. */
export async function startDemo(): Promise<Demo> {
  const child = spawn(binary, ["demo"], { stdio: ["ignore", "pipe", "inherit"] });
  const said = await saidBy(child, /sign in with the token (\S+)[\s\S]*COUNTERSIGN_API_KEY_FILE=(\S+)/);
  const origin = /(http:\/\/\S+)\/dashboard/.exec(said.text)?.[1] ?? "";
  const [, token = "", keyFile = ""] = said.match;
  const adminKey = readFileSync(keyFile, "utf8").trim();
  return {
    origin,
    token,
    async call<T>(method: string, path: string, body?: unknown, key = adminKey) {
      const response = await fetch(origin + path, {
        method,
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: body === undefined ? null : JSON.stringify(body),
      });
      const text = await response.text();
      return (text ? JSON.parse(text) : undefined) as T;
    },
    async end() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
    },
  };
}

function saidBy(child: ChildProcess, pattern: RegExp): Promise<{ text: string; match: RegExpExecArray }> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const match = pattern.exec(text);
      if (match) resolve({ text, match });
    });
    child.once("exit", (code) => reject(new Error(`the demo ended with ${code}:\n${text}`)));
  });
}
