/**
 * The one client of the gateway's API, typed from its OpenAPI document.
 *
 * A refused call throws a `Problem`. A call that needs fresh proof of who sits there asks for it and is then sent again.
 */
import createClient, { type Middleware } from "openapi-fetch";
import { Problem } from "./problem";
import type { components, paths } from "./schema";
import { csrf } from "./session";

export type Schemas = components["schemas"];

/** Asks the person for fresh proof. True once it was given, false if they would rather not. */
export type ProofAsker = () => Promise<boolean>;

let askForProof: ProofAsker = async () => false;

/** The dialog that asks for proof registers itself here. */
export function setProofAsker(asker: ProofAsker): void {
  askForProof = asker;
}

/** What happens when the session has ended or the gateway is locked: the app leads to the right page. */
export type GateClosed = (problem: Problem) => void;

let onClosed: GateClosed = () => {};

const CLOSED: ReadonlySet<string> = new Set(["unauthenticated", "locked", "setup"]);

export function setGateClosed(handler: GateClosed): void {
  onClosed = handler;
}

// A request's body can be read once: what may have to be sent again is kept as a copy until it is answered.
const copies = new Map<string, Request>();

function withToken(request: Request): Request {
  if (request.method !== "GET" && request.method !== "HEAD") request.headers.set("X-CSRF-Token", csrf.get());
  return request;
}

const middleware: Middleware = {
  onRequest({ request, id }) {
    withToken(request);
    if (request.method !== "GET") copies.set(id, request.clone());
    return request;
  },
  async onResponse({ response, id }) {
    const copy = copies.get(id);
    copies.delete(id);
    if (response.ok) return response;
    const problem = await Problem.of(response.clone());
    if (problem.code === "proof_required" && copy && (await askForProof())) {
      const again = await fetch(withToken(copy));
      if (again.ok) return again;
      throw await Problem.of(again);
    }
    // A wrong password, passphrase or proof is a 401, too: only a session that is no more leads away from the page.
    if (CLOSED.has(problem.code)) onClosed(problem);
    throw problem;
  },
  onError({ id, error }) {
    copies.delete(id);
    return error instanceof Problem || (error instanceof Error && error.name === "AbortError")
      ? error
      : Problem.unreachable();
  },
};

export const api = createClient<paths>({ baseUrl: window.location.origin, credentials: "same-origin" });
api.use(middleware);

/** The body of an answer. Refused calls have thrown before. */
export async function body<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T;
}
