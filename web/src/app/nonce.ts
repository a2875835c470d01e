import { setNonce } from "get-nonce";

/** The nonce of this page's Content-Security-Policy. Styles that libraries add at run time carry it, or the browser drops them. */
export const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";

// react-remove-scroll, inside Mantine's Modal and Drawer, asks this package.
setNonce(nonce);
