/**
 * The token of the one-time address, `/setup#TOKEN`. It is taken out of the address bar at once: what stands there ends up in histories
 * and pictures of screens.
 */
export function takeToken(): string {
  const written = window.location.hash.slice(1);
  if (written) window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
  return decoded(written);
}

/** What does not decode is no token: it is taken as it stands, and refused by the gateway with the tries that are left. */
function decoded(written: string): string {
  try {
    return decodeURIComponent(written);
  } catch {
    return written;
  }
}

/** What is shorter was cut off: a token is 32 random bytes in base64, and what it begins with. */
const SHORTEST_TOKEN = 43;

/** Says that an address was cut off, before a try is spent on it. */
export function checkToken(token: string): string | undefined {
  if (token.length >= SHORTEST_TOKEN) return undefined;
  return "This is not the whole address: the end of it is missing. Copy all of it; no try was used.";
}

/** The token in what somebody pasted: the whole address, or what stands behind its `#`. */
export function tokenOf(pasted: string): string {
  return pasted.trim().replace(/^.*#/, "");
}
