/** How many dialogs are asked for and not there yet. */
let held = 0;

/** What is typed from now on is meant for a dialog that is on its way. Ends with the answer's call. */
export function holdKeys(): () => void {
  held += 1;
  let isHeld = true;
  return () => {
    if (isHeld) held -= 1;
    isHeld = false;
  };
}

/** Whether the key goes into a field or a dialog, so that a page's own keys must leave it alone. */
export function isTyping(event: KeyboardEvent): boolean {
  if (held > 0) return true;
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable ||
    target.closest(
      'input:not([type="checkbox"]), textarea, select, [role="dialog"], [role="menu"], [role="listbox"]',
    ) !== null
  );
}
