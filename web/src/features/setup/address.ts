/**
 * The token of the one-time address, `/setup#TOKEN`. It is taken out of the address bar at once: what stands there ends up in histories
 * and pictures of screens.
 */
export function takeToken(): string {
  const token = decodeURIComponent(window.location.hash.slice(1));
  if (token) window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
  return token;
}

/** The token in what somebody pasted: the whole address, or what stands behind its `#`. */
export function tokenOf(pasted: string): string {
  return pasted.trim().replace(/^.*#/, "");
}
