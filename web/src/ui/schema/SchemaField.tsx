import { Checkbox, Fieldset, NativeSelect, NumberInput, PasswordInput, Textarea, TextInput } from "@mantine/core";
import type { ErrorOf } from "../DialogForm";
import { SchemaForm } from "./SchemaForm";
import { kindOf, type Schema, titleOf, Unread, type Value } from "./schema";

export interface SchemaFieldProps {
  name: string;
  /** Where the field is, as errors name it: `config.base_url`. */
  path: string;
  schema: Schema;
  isRequired: boolean;
  value: unknown;
  onChange: (value: unknown) => void;
  errorOf: ErrorOf;
}

function written(value: unknown): string {
  if (value instanceof Unread) return value.text;
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

function readJson(text: string): unknown {
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return new Unread(text);
  }
}

/** One property of an object, drawn by its type. */
export function SchemaField({ name, path, schema, isRequired, value, onChange, errorOf }: SchemaFieldProps) {
  const example = schema.examples?.[0];
  const common = {
    label: titleOf(name, schema),
    description: [schema.description, example !== undefined && `For example ${written(example)}`]
      .filter(Boolean)
      .join(". "),
    error: errorOf(path),
    required: isRequired,
  };
  const text = {
    ...common,
    value: written(value),
    spellCheck: false,
    onChange: (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value),
  };
  switch (kindOf(schema)) {
    case "choice":
      return (
        <NativeSelect
          {...common}
          value={written(value)}
          onChange={(event) =>
            onChange(schema.enum?.find((each) => written(each) === event.currentTarget.value) ?? undefined)
          }
          data={[
            ...(isRequired && value !== undefined ? [] : [{ value: "", label: isRequired ? "Choose" : "Not set" }]),
            ...(schema.enum ?? []).map(written),
          ]}
        />
      );
    case "switch":
      return (
        <Checkbox
          label={common.label}
          description={common.description}
          error={common.error}
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case "number":
      return (
        <NumberInput
          {...common}
          value={typeof value === "number" ? value : ""}
          onChange={(next) => onChange(typeof next === "number" ? next : undefined)}
          min={schema.minimum}
          max={schema.maximum}
          clampBehavior="none"
          allowDecimal={schema.type !== "integer"}
        />
      );
    case "secret":
      return <PasswordInput {...text} autoComplete="new-password" />;
    case "list":
      return (
        <Textarea
          {...common}
          description={[common.description, "One on each line"].filter(Boolean).join(". ")}
          value={Array.isArray(value) ? value.join("\n") : ""}
          onChange={(event) => {
            const lines = event.currentTarget.value.split("\n");
            onChange(event.currentTarget.value === "" ? [] : lines);
          }}
          autosize
          minRows={2}
          maxRows={8}
          spellCheck={false}
        />
      );
    case "object":
      return (
        <Fieldset legend={common.label}>
          <SchemaForm
            schema={schema}
            path={path}
            value={(value as Value | undefined) ?? {}}
            onChange={onChange}
            errorOf={errorOf}
          />
        </Fieldset>
      );
    case "json":
      return (
        <Textarea
          {...common}
          description={[common.description, "As JSON"].filter(Boolean).join(". ")}
          value={written(value)}
          onChange={(event) => onChange(readJson(event.currentTarget.value))}
          autosize
          minRows={3}
          maxRows={12}
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          spellCheck={false}
        />
      );
    default:
      return <TextInput {...text} type={schema.format === "uri" ? "url" : "text"} autoComplete="off" />;
  }
}
