import { Modal } from "@mantine/core";
import { screen, waitFor } from "@testing-library/react";
import { useState } from "react";
import { describe, expect, it, vi } from "vitest";
import { render } from "@/mock-api/render";
import { isTyping } from "./keys";
import { late } from "./late";

interface DialogProps {
  isOpen: boolean;
  onClose: () => void;
}

const Dialog = ({ isOpen, onClose }: DialogProps) => <Modal opened={isOpen} onClose={onClose} title="The dialog" />;

function Opener({ load }: { load: () => Promise<typeof Dialog> }) {
  const [isOpen, setOpen] = useState(false);
  const [Late] = useState(() => late(load));
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        Open
      </button>
      <Late isOpen={isOpen} onClose={() => setOpen(false)} />
    </>
  );
}

const opener = () => screen.findByRole("button", { name: "Open" });

describe("a dialog whose code comes late", () => {
  it("is not asked for before it is opened, and gives the focus back at its first closing, too", async () => {
    const load = vi.fn(async () => Dialog);
    const { user } = await render(<Opener load={load} />);
    await opener();
    expect(load).not.toHaveBeenCalled();
    await user.click(await opener());
    await screen.findByRole("dialog", { name: "The dialog" });
    await user.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    await waitFor(async () => expect(await opener()).toHaveFocus());
    await user.click(await opener());
    await screen.findByRole("dialog", { name: "The dialog" });
    expect(load).toHaveBeenCalledOnce();
  });

  it("keeps what is typed from the page until it is there", async () => {
    let arrive = (_: typeof Dialog) => {};
    const { user } = await render(<Opener load={() => new Promise((resolve) => (arrive = resolve))} />);
    const key = () => {
      const event = new KeyboardEvent("keydown", { key: "a" });
      document.body.dispatchEvent(event);
      return event;
    };
    await opener();
    expect(isTyping(key())).toBe(false);
    await user.click(await opener());
    expect(isTyping(key())).toBe(true);
    arrive(Dialog);
    await screen.findByRole("dialog", { name: "The dialog" });
    await waitFor(() => expect(isTyping(key())).toBe(false));
  });

  it("says that it could not be loaded, and tries again when it is opened again", async () => {
    const load = vi.fn(async () => Dialog).mockRejectedValueOnce(new TypeError("failed to fetch"));
    const { user } = await render(<Opener load={load} />);
    await user.click(await opener());
    expect(await screen.findByText("This part of the page could not be loaded")).toBeVisible();
    await user.click(await opener());
    await screen.findByRole("dialog", { name: "The dialog" });
  });
});
