interface Page<Item> {
  items: Item[];
  next?: string | null | undefined;
}

/** More than this no list of the configuration has; it keeps a server that always names a next page from being asked for ever. */
const MOST_PAGES = 100;

/** Every item of a list that comes in pages. */
export async function every<Item>(page: (cursor: string | undefined) => Promise<Page<Item>>): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  for (let count = 0; count < MOST_PAGES; count += 1) {
    const { items: more, next } = await page(cursor);
    items.push(...more);
    if (!next) break;
    cursor = next;
  }
  return items;
}
