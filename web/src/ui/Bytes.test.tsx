import { MantineProvider } from "@mantine/core";
import { fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { Bytes } from "./Bytes";
import { layOutJson } from "./BytesJson";
import { fromBase64, textRows } from "./BytesRows";
import { UntrustedText } from "./BytesText";
import { countHidden, pieces, titleOf } from "./BytesTokens";

/** What a hostile agent would send, and what the approver has to see of it. Requirement 27. */
const HOSTILE: [string, string, string[]][] = [
  ["an ANSI escape", "\u001b[2K\u001b[1Aharmless", ["[ESC]", "[ESC]"]],
  ["a C1 control sequence", "\u009b31m", ["[U+009B control sequence introducer]"]],
  ["NUL, bell, backspace, delete", "a\u0000\u0007\b\u007f", ["[NUL]", "[BEL]", "[BS]", "[DEL]"]],
  ["a right-to-left override", "user\u202egnp.exe", ["[U+202E right-to-left override]"]],
  ["bidi isolates", "\u2066a\u2069", ["[U+2066 left-to-right isolate]", "[U+2069 pop directional isolate]"]],
  [
    "zero width characters",
    "pay\u200bpal\u200d\ufeff",
    ["[U+200B zero width space]", "[U+200D zero width joiner]", "[U+FEFF byte order mark]"],
  ],
  [
    "tag characters",
    "ok\u{e0001}\u{e0068}\u{e0069}\u{e007f}",
    ["[U+E0001 language tag]", "[U+E0068 tag h]", "[U+E0069 tag i]", "[U+E007F cancel tag]"],
  ],
  ["variation selectors", "a\ufe0f\u{e0100}", ["[U+FE0F variation selector]", "[U+E0100 variation selector]"]],
  ["a no-break space", "rm\u00a0-rf", ["[U+00A0 no-break space]"]],
  [
    "fillers",
    "\u3164\u115f\u2800",
    ["[U+3164 Hangul filler]", "[U+115F Hangul choseong filler]", "[U+2800 blank braille pattern]"],
  ],
  ["line separators", "a\u2028b\u2029c", ["[U+2028 line separator]", "[U+2029 paragraph separator]"]],
  ["a lone surrogate", "a\ud800b", ["[U+D800 lone surrogate]"]],
  ["a soft hyphen", "ad\u00admin", ["[U+00AD soft hyphen]"]],
  ["private use and unassigned", "\ue000\u{e0fff}", ["[U+E000 private use]", "[U+E0FFF unassigned]"]],
  ["mixed scripts", "p\u0430ypal", ["\u0430[U+0430 Cyrillic looks like a]"]],
  [
    "a word of twins only",
    "\u0430\u0440\u0440\u04cf\u0435.com",
    [
      "\u0430[U+0430 Cyrillic looks like a]",
      "\u0440[U+0440 Cyrillic looks like p]",
      "\u0440[U+0440 Cyrillic looks like p]",
      "\u04cf[U+04CF Cyrillic looks like l]",
      "\u0435[U+0435 Cyrillic looks like e]",
    ],
  ],
  ["styled letters", "\uff41\u{1d41a}", ["\uff41[U+FF41 looks like a]", "\u{1d41a}[U+1D41A looks like a]"]],
  ["a slash that is none", "host\u2215path", ["\u2215[U+2215 looks like /]"]],
  ["a pile of marks", "a\u0301\u0301\u0301\u0301", ["[U+0301 combining mark]"]],
  ["many spaces", `ls${" ".repeat(200)};reboot`, ["[200 spaces]"]],
];

describe("pieces", () => {
  it.each(HOSTILE)("names %s", (_, text, tokens) => {
    const found = pieces(text);
    expect(found.filter(({ kind }) => kind === "token").map(({ shown }) => shown)).toEqual(tokens);
    expect(found.map(({ source }) => source).join("")).toBe(text);
  });

  it.each(HOSTILE)("counts %s, for the banner (requirement 27)", (_, text, tokens) => {
    expect(countHidden(text)).toBe(tokens.length);
    expect(countHidden(`before\n${text}\nafter`)).toBe(tokens.length);
  });

  it("counts as many as it draws, in any text of marks and spaces", () => {
    let seed = 11;
    const next = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };
    const parts = ["a", "\u0301", " ".repeat(40), "\t", "\u202e", "\u0430", "e\u0301", " ", "\n", "\r\n"];
    for (let round = 0; round < 300; round += 1) {
      const text = Array.from({ length: next(20) }, () => parts[next(parts.length)]).join("");
      const drawn = textRows(text).flatMap(({ start, end }) => pieces(text.slice(start, end)));
      expect(countHidden(text)).toBe(drawn.filter(({ kind }) => kind === "token").length);
    }
  });

  it("names what hides where only plain text can stand", () => {
    expect(titleOf("POST /a\u202e\nb")).toBe("POST /a[U+202E right-to-left override][LF]b");
    expect(titleOf("POST /charges")).toBe("POST /charges");
  });

  it.each(["plain text", "Grüße, naïve café", "Привет мир", "שלום", "日本語のテキスト", "a = b ? c : d", '{"a": [1]}'])(
    "leaves %s as it is",
    (text) => expect(pieces(text)).toEqual([{ kind: "text", source: text, shown: text }]),
  );

  it("keeps every code unit of any text", () => {
    let seed = 7;
    const next = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };
    for (let round = 0; round < 300; round += 1) {
      const text = Array.from({ length: next(60) }, () =>
        String.fromCodePoint(next(4) ? next(0x3000) : next(0x110000)),
      ).join("");
      for (const row of textRows(text)) {
        const line = text.slice(row.start, row.end);
        expect(
          pieces(line)
            .map(({ source }) => source)
            .join(""),
        ).toBe(line);
      }
    }
  });

  it("marks tabs and spaces at the end", () => {
    expect(pieces("\ta b  ").map(({ kind, shown }) => [kind, shown])).toEqual([
      ["space", "⇥\t"],
      ["text", "a b"],
      ["space", "··"],
    ]);
  });
});

describe("textRows", () => {
  it("knows how each line ends", () => {
    expect(textRows("a\r\nb\nc\rd").map(({ line, ending }) => [line, ending])).toEqual([
      [1, "CRLF"],
      [2, "LF"],
      [3, "CR"],
      [4, "none"],
    ]);
    expect(textRows("a\n")).toHaveLength(1);
  });

  it("breaks a long line between characters, and loses none", () => {
    const text = "😀".repeat(2_501);
    const rows = textRows(text);
    expect(rows.map((row) => text.slice(row.start, row.end)).join("")).toBe(text);
    expect(rows.every((row) => !/[\ud800-\udbff]$/.test(text.slice(row.start, row.end)))).toBe(true);
  });
});

describe("layOutJson", () => {
  it("moves white space only", () => {
    const text = '{"a":1.0,"b":[1e400,"x\\u202e: {y}"],"a":12345678901234567890,"c":{}}';
    const laid = layOutJson(text);
    expect(laid?.text.replace(/\n\s*|(?<=:) /g, "")).toBe(text.replace(": {y}", ":{y}"));
    expect(laid?.duplicates).toEqual(["a"]);
  });

  it.each(["", "plain", "{broken", "12", '"text"'])("leaves %s alone", (text) =>
    expect(layOutJson(text)).toBeUndefined(),
  );
});

const show = (props: Parameters<typeof Bytes>[0]) =>
  render(
    <MantineProvider>
      <Bytes {...props} />
    </MantineProvider>,
  );

describe("Bytes", () => {
  it("shows a script as text", () => {
    const { container } = show({ label: "Body", value: "<script>alert(1)</script><img src=x onerror=alert(1)>" });
    expect(screen.getByRole("region", { name: "Body" })).toHaveTextContent("<script>alert(1)</script><img src=x");
    expect(container.querySelector("script, img")).toBeNull();
  });

  it("says how many characters are hidden", () => {
    show({ label: "Body", value: "a\u202eb\u200b" });
    expect(screen.getByText(/2 hidden or misleading characters/)).toBeVisible();
  });

  it("folds a long text, says how much is hidden and reports when it was opened", async () => {
    const onAllSeen = vi.fn();
    const text = Array.from({ length: 100 }, (_, line) => `line ${line + 1}`).join("\n");
    show({ label: "Body", value: text, onAllSeen });
    expect(onAllSeen).toHaveBeenLastCalledWith(false);
    expect(screen.queryByText("line 100")).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: /\+ 40 more lines, 321 bytes: show all/ }));
    expect(onAllSeen).toHaveBeenLastCalledWith(true);
    expect(screen.getByText("line 100")).toBeVisible();
  });

  it("breaks a line of 5,000 characters and marks where it goes on", () => {
    show({ label: "Body", value: `${"x".repeat(4_990)};reboot #` });
    const region = screen.getByRole("region", { name: "Body" });
    expect(region.textContent?.match(/↩/g)).toHaveLength(9);
    expect(region).toHaveTextContent(/;reboot #$/);
  });

  it("shows CRLF where it stands", () => {
    show({ label: "Body", value: "a\r\nb\n" });
    expect(screen.getByRole("region", { name: "Body" })).toHaveTextContent("[CR][LF]");
    expect(screen.getByText(/mixed line ends: 1 LF, 1 CRLF/)).toBeVisible();
  });

  it("dumps binary with offsets, folded, and reports it", async () => {
    const onAllSeen = vi.fn();
    const bytes = Uint8Array.from({ length: 2_000 }, (_, at) => at % 256);
    show({ label: "Body", value: bytes, onAllSeen });
    const region = screen.getByRole("region", { name: "Body" });
    expect(region).toHaveTextContent("00000010");
    expect(region).toHaveTextContent("40 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f");
    expect(region).toHaveTextContent("@ABCDEFGHIJKLMNO");
    expect(onAllSeen).toHaveBeenLastCalledWith(false);
    await userEvent.click(screen.getByRole("button", { name: /\+ 65 more rows, 1.0 kB: show all/ }));
    expect(onAllSeen).toHaveBeenLastCalledWith(true);
  });

  it("offers formatted JSON and begins with the exact bytes", async () => {
    show({ label: "Body", value: '{"amount":50000}' });
    expect(screen.getByText('{"amount":50000}')).toBeVisible();
    await userEvent.click(screen.getByRole("radio", { name: "Formatted" }));
    expect(screen.getByText(/The hash covers the exact bytes/)).toBeVisible();
    expect(screen.getByText('"amount": 50000', { exact: false })).toBeVisible();
  });

  it("draws a megabyte in part only, also when opened", async () => {
    const onAllSeen = vi.fn();
    vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(600);
    vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(20);
    const text = "0123456789abcdef0123456789abcdef0123456789abcde\n".repeat(21_846);
    const { container } = show({ label: "Body", value: text, onAllSeen });
    expect(screen.getByText(/1\.0 MB, 21,846 lines/)).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: /\+ 21,786 more lines, 1\.0 MB: show all/ }));
    expect(onAllSeen).not.toHaveBeenCalledWith(true);
    expect(screen.getByText(/Not read to its end yet/)).toBeVisible();
    const box = screen.getByRole("region", { name: "Body" });
    expect(box).toHaveTextContent("0123456789abcdef");
    // Half way is not all of it, nor is another way to show it.
    box.scrollTop = 21_846 * 10;
    fireEvent.scroll(box);
    await userEvent.click(screen.getByRole("radio", { name: "Hex" }));
    await userEvent.click(screen.getByRole("radio", { name: "Exact bytes" }));
    expect(onAllSeen).not.toHaveBeenCalledWith(true);
    const again = screen.getByRole("region", { name: "Body" });
    again.scrollTop = 21_846 * 20;
    fireEvent.scroll(again);
    await waitFor(() => expect(onAllSeen).toHaveBeenLastCalledWith(true));
    expect(screen.queryByText(/Not read to its end yet/)).toBeNull();
    expect(container.querySelectorAll("*").length).toBeLessThan(3_000);
  });

  it("reads base64 as bytes", () => {
    expect(fromBase64("AP9B")).toEqual(Uint8Array.of(0, 255, 65));
    expect(fromBase64("%")).toBeUndefined();
  });
});

describe("UntrustedText", () => {
  it("stands in a line of its own direction, with its line ends named", () => {
    render(
      <p>
        why: <UntrustedText value={"x\ny\u202e"} />
      </p>,
    );
    const text = within(screen.getByRole("paragraph")).getByText("[LF]").parentElement;
    expect(text).toHaveTextContent("x[LF]y[U+202E right-to-left override]");
    expect(text).toHaveAttribute("dir", "ltr");
  });
});
