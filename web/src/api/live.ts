/**
 * The ledger as it grows: one stream for the whole page.
 *
 * Reconnects with backoff and resumes after the last event that it saw, so that a restart of the gateway loses nothing.
 */
import { createParser } from "eventsource-parser";
import type { Schemas } from "./client";
import { Problem } from "./problem";

export type LiveEvent = Schemas["EventView"];
/** `connecting` before the first answer, `live`, `waiting` between two tries, `ended` when the session is over. */
export type LiveState = "connecting" | "live" | "waiting" | "ended";

type Listener = (event: LiveEvent) => void;
type StateListener = (state: LiveState) => void;

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
/** The gateway sends a comment every 15 s: a stream that is silent for longer is dead. */
const SILENCE_MS = 40_000;

export class LiveStream {
  #listeners = new Set<Listener>();
  #stateListeners = new Set<StateListener>();
  #state: LiveState = "connecting";
  #last: string | undefined;
  #abort: AbortController | undefined;
  #failures = 0;
  #problem: Problem | undefined;
  #wake: (() => void) | undefined;
  #onClosed: (problem: Problem) => void;
  #onOpened: (isFirst: boolean) => void;

  /**
   * `onOpened` is called when a connection stands: nothing told what happened before it. `isFirst` says that none was lost, so that only what
   * changed since the page's own first questions is missing.
   */
  constructor(onClosed: (problem: Problem) => void, onOpened: (isFirst: boolean) => void) {
    this.#onClosed = onClosed;
    this.#onOpened = onOpened;
  }

  get state(): LiveState {
    return this.#state;
  }

  /** Why the last try failed, in the gateway's words; nothing where the connection stands or just broke off. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  watchState(listener: StateListener): () => void {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  start(): void {
    if (this.#abort) return;
    const abort = new AbortController();
    this.#abort = abort;
    void this.#run(abort);
  }

  stop(): void {
    this.#abort?.abort();
    this.#abort = undefined;
    this.#wake?.();
  }

  /** Tries at once instead of waiting out the pause. */
  retryNow(): void {
    this.#wake?.();
  }

  #become(state: LiveState, problem?: Problem): void {
    if (this.#state === state && this.#problem?.message === problem?.message) return;
    this.#state = state;
    this.#problem = problem;
    for (const listener of this.#stateListeners) listener(state);
  }

  async #run(abort: AbortController): Promise<void> {
    while (!abort.signal.aborted) {
      let problem: Problem | undefined;
      try {
        await this.#connect(abort.signal);
      } catch (error) {
        if (abort.signal.aborted) return;
        if (error instanceof Problem && (error.status === 401 || error.code === "locked")) {
          this.#become("ended");
          this.#onClosed(error);
          return;
        }
        if (error instanceof Problem) problem = error;
      }
      if (abort.signal.aborted) return;
      this.#become("waiting", problem);
      const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures);
      this.#failures += 1;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pause * (0.75 + Math.random() / 2));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async #connect(stop: AbortSignal): Promise<void> {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    try {
      const headers: Record<string, string> = { accept: "text/event-stream" };
      if (this.#last) headers["last-event-id"] = this.#last;
      const response = await fetch("/api/v1/events", {
        headers,
        credentials: "same-origin",
        cache: "no-store",
        signal: AbortSignal.any([stop, silence.signal]),
      });
      if (!response.ok || !response.body) throw await Problem.of(response);
      const wasLost = this.#failures > 0 || this.#state === "waiting";
      this.#failures = 0;
      this.#become("live");
      this.#onOpened(!wasLost);
      const parser = createParser({
        onEvent: (event) => {
          if (event.id) this.#last = event.id;
          const entry = JSON.parse(event.data) as LiveEvent;
          for (const listener of this.#listeners) listener(entry);
        },
      });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
        parser.feed(value);
      }
    } finally {
      clearTimeout(timer);
    }
  }
}
