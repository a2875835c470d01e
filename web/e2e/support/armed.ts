import { expect, type Locator } from "@playwright/test";

/**
 * A card takes no decision in its first moments (400 ms): the key may have been meant for the request before. Nothing on the page says
 * when they are over; this is long enough where the machine draws slowly, too.
 */
const ARMED_MS = 1_500;

/** Waits until a request's card is there and takes a decision. */
export async function armed(card: Locator, text?: string): Promise<void> {
  await expect(card).toBeVisible();
  if (text !== undefined) await expect(card).toContainText(text);
  await card.page().waitForTimeout(ARMED_MS);
}
