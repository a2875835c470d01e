import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { describe, expect, it, vi } from "vitest";
import { DialogForm } from "../DialogForm";
import { SchemaForm } from "./SchemaForm";
import { checkSchema, defaultsOf, pruned, type Schema, type Value } from "./schema";

const SCHEMA: Schema = {
  type: "object",
  properties: {
    note: { type: "string", maxLength: 5 },
    base_url: { type: "string", format: "uri", title: "Base URL", description: "Where it begins" },
    port: { type: "integer", minimum: 1, maximum: 65_535 },
    mode: { enum: ["fast", "safe"], default: "safe" },
    strict: { type: "boolean" },
    hosts: { type: "array", items: { type: "string" } },
    secret: { type: "string", writeOnly: true },
    pool: { type: "object", properties: { size: { type: "number" } }, required: ["size"] },
    extra: { type: ["object", "null"] },
  },
  required: ["base_url"],
};

function Form({ schema, onSent }: { schema: Schema; onSent: (value: Value) => void }) {
  const [value, setValue] = useState<Value>(() => defaultsOf(schema));
  return (
    <MantineProvider env="test">
      <DialogForm
        verb="Send"
        onCancel={() => {}}
        onSubmit={async () => onSent(pruned(value))}
        check={() => checkSchema(schema, value, "config")}
        shows={() => true}
      >
        {(errorOf) => <SchemaForm schema={schema} path="config" value={value} onChange={setValue} errorOf={errorOf} />}
      </DialogForm>
    </MantineProvider>
  );
}

function show(schema = SCHEMA) {
  const onSent = vi.fn();
  render(<Form schema={schema} onSent={onSent} />);
  return { onSent, user: userEvent.setup({ delay: null }) };
}

describe("a form from a schema", () => {
  it("draws each type as the field that fits it", () => {
    show();
    expect(screen.getByRole("textbox", { name: "Base URL" })).toHaveAccessibleDescription("Where it begins");
    expect(screen.getByRole("combobox", { name: "Mode" })).toHaveValue("safe");
    expect(screen.getByRole("checkbox", { name: "Strict" })).not.toBeChecked();
    expect(screen.getByRole("textbox", { name: "Hosts" }).tagName).toBe("TEXTAREA");
    expect(screen.getByLabelText("Secret")).toHaveAttribute("type", "password");
    expect(screen.getByRole("group", { name: "Pool" })).toBeInTheDocument();
  });

  it("puts what is required first, and marks it", () => {
    show();
    const [first] = screen.getAllByRole("textbox");
    expect(first).toHaveAccessibleName("Base URL");
    expect(first).toBeRequired();
  });

  it("sends nothing while something is wrong, and says it at the field", async () => {
    const { user, onSent } = show();
    await user.click(screen.getByRole("button", { name: "Send" }));
    const url = screen.getByRole("textbox", { name: "Base URL" });
    expect(url).toBeInvalid();
    expect(screen.getByText("Base URL is needed")).toBeInTheDocument();
    await user.type(url, "not an address");
    await user.type(screen.getByRole("textbox", { name: "Note" }), "too long");
    await user.type(screen.getByRole("textbox", { name: "Port" }), "70000");
    await user.type(screen.getByRole("textbox", { name: "Extra" }), "{{no json");
    await user.click(screen.getByRole("button", { name: "Send" }));
    for (const words of [/Not an address/, "At most 5 characters", "At most 65535", "This is not JSON"])
      expect(screen.getByText(words)).toBeInTheDocument();
    expect(onSent).not.toHaveBeenCalled();
  });

  it("sends values of their types and leaves out what is empty", async () => {
    const { user, onSent } = show();
    await user.type(screen.getByRole("textbox", { name: "Base URL" }), "https://a.example");
    await user.type(screen.getByRole("textbox", { name: "Port" }), "4x43");
    await user.selectOptions(screen.getByRole("combobox", { name: "Mode" }), "fast");
    await user.click(screen.getByRole("checkbox", { name: "Strict" }));
    await user.type(screen.getByRole("textbox", { name: "Hosts" }), "one{enter}two");
    await user.type(screen.getByRole("textbox", { name: "Size" }), "4");
    await user.click(screen.getByRole("textbox", { name: "Extra" }));
    await user.paste('{"a":1}');
    await user.click(screen.getByRole("button", { name: "Send" }));
    expect(onSent).toHaveBeenCalledWith({
      base_url: "https://a.example",
      port: 443,
      mode: "fast",
      strict: true,
      hosts: ["one", "two"],
      pool: { size: 4 },
      extra: { a: 1 },
    });
  });

  it("asks for what an object needs once something of it is given", () => {
    const schema: Schema = {
      type: "object",
      properties: {
        tls: { type: "object", properties: { ca: { type: "string" }, name: { type: "string" } }, required: ["ca"] },
      },
    };
    expect(checkSchema(schema, {}, "config")).toEqual({});
    expect(checkSchema(schema, { tls: { name: "x" } }, "config")).toEqual({ "config.tls.ca": "Ca is needed" });
  });
});
