/**
 * The CSRF token of the session: handed out once, at sign-in. Local storage belongs to one origin, port included, and is shared by
 * the tabs of one browser, as the session's cookie is. The token alone signs nobody in.
 */
const KEY = "countersign-csrf";

export const csrf = {
  get: () => localStorage.getItem(KEY) ?? "",
  set: (token: string) => localStorage.setItem(KEY, token),
  clear: () => localStorage.removeItem(KEY),
};
