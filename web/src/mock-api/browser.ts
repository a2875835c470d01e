/** Starts the backend in memory for the development server. */
export async function start(): Promise<void> {}
