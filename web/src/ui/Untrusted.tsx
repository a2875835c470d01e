import { memo } from "react";
import { UntrustedText } from "./BytesText";

const PLAIN = /^[\x20-\x7e]*$/;

/** A short text that an agent or a target wrote, for long lists: plain letters need none of the care that others do. */
export const Untrusted = memo(function Untrusted({ text }: { text: string }) {
  return PLAIN.test(text) ? text : <UntrustedText value={text} />;
});
