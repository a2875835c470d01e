/**
 * A key or a click that was meant for something else must not decide: for a moment after a request has come into view, decisions are
 * refused. It comes into view anew when the window does, and when a dialog that covered it closes.
 */
import { useCallback, useEffect, useRef } from "react";

/** After somebody opened the request. */
export const ARMING_MS = 400;
/** After the request came by itself, in the place of the one decided before. */
export const ADVANCED_ARMING_MS = 1_200;

export type Disarmed = "just appeared" | "just came back";

const DIALOG = '[role="dialog"], [role="alertdialog"]';

/** Tells why a decision can't be taken yet; `undefined` once it can. */
export function useArming(armingMs: number): () => Disarmed | undefined {
  const since = useRef<{ at: number; why: Disarmed }>({ at: 0, why: "just appeared" });
  useEffect(() => {
    since.current = { at: Date.now(), why: "just appeared" };
    const comeBack = () => {
      since.current = { at: Date.now(), why: "just came back" };
    };
    const onVisible = () => {
      if (document.visibilityState === "visible") comeBack();
    };
    // What closes a dialog may be a key too many.
    let isCovered = document.querySelector(DIALOG) !== null;
    const dialogs = new MutationObserver(() => {
      const wasCovered = isCovered;
      isCovered = document.querySelector(DIALOG) !== null;
      if (wasCovered && !isCovered) comeBack();
    });
    dialogs.observe(document.body, { childList: true, subtree: true });
    document.addEventListener("visibilitychange", onVisible);
    window.addEventListener("focus", comeBack);
    return () => {
      dialogs.disconnect();
      document.removeEventListener("visibilitychange", onVisible);
      window.removeEventListener("focus", comeBack);
    };
  }, []);
  return useCallback(() => {
    const isHidden = document.visibilityState === "hidden" || document.querySelector(DIALOG) !== null;
    return isHidden || Date.now() - since.current.at < armingMs ? since.current.why : undefined;
  }, [armingMs]);
}
