import { HttpResponse } from "msw";
import type { Schemas } from "@/api/client";
import { db, type Entry, onEntry } from "../db";
import { sweep } from "../flow";
import { caller } from "../guard";
import { invalid } from "../problem";
import { route } from "../route";

const SWEEP_MS = 1_000;
const KEEP_ALIVE_MS = 15_000;

const open = new Set<() => void>();

/** Breaks every open stream off, as a restart of the gateway does. */
export function breakStreams(): void {
  for (const end of open) end();
}

/** What an entry tells of its request. */
function toldBy({ action_id: id }: Entry): Pick<Schemas["EventView"], "request"> {
  const action = db.actions.find((known) => known.id === id);
  if (!action) return {};
  const { payload: _payload, judged: _judged, result: _result, ...request } = action;
  return { request };
}

export const eventHandlers = [
  route("get", "/api/v1/events", ({ request, url }) => {
    const { session } = caller(request, "request_read");
    const from = request.headers.get("last-event-id") ?? url.searchParams.get("after");
    if (from !== null && !/^\d+$/.test(from)) throw invalid("Last-Event-ID", "not an event's id: expected a number");
    const encoder = new TextEncoder();
    let end = () => {};
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        const send = (text: string) => controller.enqueue(encoder.encode(text));
        const event = (it: Entry) =>
          send(`id: ${it.position}\nevent: ${it.kind}\ndata: ${JSON.stringify({ ...it, ...toldBy(it) })}\n\n`);
        send(": live\n\n");
        if (from !== null) for (const entry of db.entries) if (entry.position > Number(from)) event(entry);
        const stop = onEntry(event);
        const alive = setInterval(() => send(": alive\n\n"), KEEP_ALIVE_MS);
        const watch = setInterval(() => {
          if (db.current !== session.id) end();
          else sweep();
        }, SWEEP_MS);
        end = () => {
          stop();
          clearInterval(alive);
          clearInterval(watch);
          open.delete(end);
          try {
            controller.close();
          } catch {
            // The reader went away first.
          }
        };
        open.add(end);
        request.signal?.addEventListener("abort", () => end());
      },
      cancel: () => end(),
    });
    return new HttpResponse(stream, { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
  }),
];
