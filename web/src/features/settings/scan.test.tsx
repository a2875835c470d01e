import { readFileSync } from "node:fs";
import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { db } from "@/mock-api/db";
import { render } from "@/mock-api/render";
import { signInAs } from "@/mock-api/seed";
import { merged } from "./merge";
import { SettingsPage } from "./SettingsPage";
import { SHIPPED } from "./scan";

const open = () => render(<SettingsPage />, { at: "/dashboard/settings/scanner", path: "/dashboard/settings/$tab" });
const form = async (name: string) => within(await screen.findByRole("form", { name }));

describe("the scanner's settings", () => {
  it("says modes and thresholds with the shipped ones, and saves only what changed", async () => {
    signInAs("owner");
    const { user } = await open();
    const box = await form("Scan of requests");
    expect(box.getByRole("radio", { name: "Warn (as shipped)" })).toBeChecked();
    const ask = box.getByRole("textbox", { name: "Requests: ask a human from" });
    expect(ask).toHaveValue("");
    expect(ask).toHaveAccessibleDescription(/as shipped, 0\.937/);
    await user.click(box.getByRole("radio", { name: "Block" }));
    await user.type(ask, "0.8");
    await user.click(box.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(db.settings.scan.input).toEqual({ mode: "block", warn: 0.8, block: null }));
    expect(db.settings.scan.tool_output.mode).toBe("taint");
    await waitFor(() => expect(ask).toHaveValue("0.8"));
    await user.clear(ask);
    await user.click(box.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(db.settings.scan.input.warn).toBeNull());
  });

  it("says at the field what is refused", async () => {
    signInAs("owner");
    const { user } = await open();
    const box = await form("Scan of answers");
    await user.type(box.getByRole("textbox", { name: "Answers: record from" }), "0.9");
    await user.type(box.getByRole("textbox", { name: "Answers: taint the agent from" }), "0.5");
    await user.click(box.getByRole("button", { name: "Save" }));
    expect(await box.findByText(/can't be above the one to block at/)).toBeVisible();
    await user.click(box.getByRole("button", { name: "Undo" }));
    const minutes = box.getByRole("textbox", { name: "Minutes that an agent stays tainted" });
    await user.clear(minutes);
    await user.type(minutes, "20000");
    await user.click(box.getByRole("button", { name: "Save" }));
    expect(await box.findByText(/must be between 1 and 10080/)).toBeVisible();
    expect(db.settings.scan.taint_minutes).toBe(30);
  });

  it("gives the cases as a file, and lets a viewer look only", async () => {
    signInAs("viewer");
    await open();
    const box = await form("Scan of requests");
    expect(box.getByRole("button", { name: "Save" })).toHaveAttribute("aria-disabled", "true");
    expect(box.getByRole("textbox", { name: "Requests: deny from" })).toHaveAttribute("readonly");
    const link = screen.getByRole("link", { name: "Download the cases" });
    expect(link).toHaveAttribute("href", "/api/v1/scan/cases");
    expect(link).toHaveAttribute("download", "countersign-scan-cases.jsonl");
  });

  it("names the thresholds that are shipped", () => {
    const report = readFileSync("../crates/scan/weights/REPORT.md", "utf8");
    const [, warn, block] = /calibration Calibration \{.* warn: ([\d.]+), block: ([\d.]+) \}/.exec(report) ?? [];
    expect({ warn: Number(warn), block: Number(block) }).toEqual({ warn: SHIPPED.warn, block: SHIPPED.block });
  });
});

describe("merging a change", () => {
  it("goes to any depth, and takes null for a value", () => {
    const before = { a: 1, b: { c: 1, d: { e: 1, f: 2 } } };
    expect(merged(before, { b: { d: { e: null } } })).toEqual({ a: 1, b: { c: 1, d: { e: null, f: 2 } } });
    expect(before.b.d.e).toBe(1);
  });
});
