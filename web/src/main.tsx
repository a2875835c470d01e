import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./app/app.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");

async function start(element: HTMLElement): Promise<void> {
  // `VITE_MOCK=1 npm run dev`: the page on a backend in memory, without a gateway.
  if (import.meta.env.VITE_MOCK) await (await import("./mock-api/browser")).start();
  createRoot(element).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}

void start(root);
