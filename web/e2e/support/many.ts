/** Runs a task many times, a bounded number at once. */
export async function many(count: number, task: (index: number) => Promise<unknown>, atOnce = 64): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const index = next;
      next += 1;
      await task(index);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
