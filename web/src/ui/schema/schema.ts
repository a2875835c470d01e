/** The part of JSON Schema that forms are drawn from, and what can be told to be wrong before it is sent. */
import type { FieldErrors } from "../DialogForm";

export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  examples?: unknown[];
  enum?: unknown[];
  format?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  pattern?: string;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  writeOnly?: boolean;
}

export type Value = Record<string, unknown>;
export type Kind = "choice" | "switch" | "number" | "text" | "secret" | "list" | "object" | "json";

/** Which field a schema is drawn as. */
export function kindOf(schema: Schema): Kind {
  const type = Array.isArray(schema.type) ? schema.type.find((each) => each !== "null") : schema.type;
  if (schema.enum) return "choice";
  if (type === "boolean") return "switch";
  if (type === "number" || type === "integer") return "number";
  if (type === "string") return schema.writeOnly || schema.format === "password" ? "secret" : "text";
  if (type === "array" && schema.items?.type === "string") return "list";
  if (type === "object" && schema.properties) return "object";
  return "json";
}

/** The properties of an object, those that have to be given first. */
export function propertiesOf(schema: Schema): [string, Schema][] {
  const required = new Set(schema.required ?? []);
  const properties = Object.entries(schema.properties ?? {});
  return [...properties.filter(([name]) => required.has(name)), ...properties.filter(([name]) => !required.has(name))];
}

/** `base_url`: Base url. */
export function titleOf(name: string, schema: Schema): string {
  const words = name.replaceAll("_", " ");
  return schema.title ?? words.charAt(0).toUpperCase() + words.slice(1);
}

/** What a new form begins with. */
export function defaultsOf(schema: Schema): Value {
  const value: Value = {};
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (property.default !== undefined) value[name] = property.default;
    else if (kindOf(property) === "object") value[name] = defaultsOf(property);
  }
  return value;
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

/** The value as it is sent: fields that were left empty are left out. */
export function pruned(value: Value): Value {
  const kept: Value = {};
  for (const [name, each] of Object.entries(value)) {
    if (isMissing(each)) continue;
    if (typeof each === "object" && !Array.isArray(each)) {
      const inner = pruned(each as Value);
      if (Object.keys(inner).length > 0) kept[name] = inner;
    } else if (!(Array.isArray(each) && each.length === 0)) kept[name] = each;
  }
  return kept;
}

/** The mark of JSON that could not be read: kept, so that what was typed is not lost. */
export class Unread {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

function checkOne(schema: Schema, value: unknown): string | undefined {
  if (value instanceof Unread) return "This is not JSON";
  if (typeof value === "string") {
    if (schema.minLength !== undefined && value.length < schema.minLength)
      return `At least ${schema.minLength} characters`;
    if (schema.maxLength !== undefined && value.length > schema.maxLength)
      return `At most ${schema.maxLength} characters`;
    if (schema.format === "uri" && !URL.canParse(value)) return "Not an address: expected https://host/path";
    // A pattern that this browser can't read is the gateway's to check.
    if (schema.pattern && !safeTest(schema.pattern, value)) return `Does not have the form ${schema.pattern}`;
  }
  if (typeof value === "number") {
    if (schema.minimum !== undefined && value < schema.minimum) return `At least ${schema.minimum}`;
    if (schema.maximum !== undefined && value > schema.maximum) return `At most ${schema.maximum}`;
    if (schema.type === "integer" && !Number.isInteger(value)) return "A whole number";
  }
  return undefined;
}

function safeTest(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return true;
  }
}

/** What is wrong, by the path of the field. The gateway checks again and more. */
export function checkSchema(schema: Schema, value: Value, path: string): FieldErrors {
  const errors: FieldErrors = {};
  const required = new Set(schema.required ?? []);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const at = path ? `${path}.${name}` : name;
    const each = value[name];
    if (kindOf(property) === "object") {
      const inner = pruned((each as Value | undefined) ?? {});
      if (required.has(name) || Object.keys(inner).length > 0) Object.assign(errors, checkSchema(property, inner, at));
    } else if (isMissing(each) || (Array.isArray(each) && each.length === 0)) {
      if (required.has(name)) errors[at] = `${titleOf(name, property)} is needed`;
    } else {
      const error = checkOne(property, each);
      if (error) errors[at] = error;
    }
  }
  return errors;
}
