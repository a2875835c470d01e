import { Stack, Text } from "@mantine/core";
import type { ErrorOf } from "../DialogForm";
import { SchemaField } from "./SchemaField";
import { propertiesOf, type Schema, type Value } from "./schema";

export interface SchemaFormProps {
  /** The schema of an object. */
  schema: Schema;
  value: Value;
  onChange: (value: Value) => void;
  errorOf: ErrorOf;
  /** Where the object is, as errors name it: `config`. */
  path: string;
  /** Shown when the schema has no properties. */
  empty?: string;
}

/** The fields of an object, drawn from its JSON Schema. */
export function SchemaForm({ schema, value, onChange, errorOf, path, empty }: SchemaFormProps) {
  const properties = propertiesOf(schema);
  if (properties.length === 0 && empty)
    return (
      <Text size="sm" c="dimmed">
        {empty}
      </Text>
    );
  return (
    <Stack gap="sm">
      {properties.map(([name, property]) => (
        <SchemaField
          key={name}
          name={name}
          path={path ? `${path}.${name}` : name}
          schema={property}
          isRequired={schema.required?.includes(name) ?? false}
          value={value[name]}
          onChange={(next) => onChange({ ...value, [name]: next })}
          errorOf={errorOf}
        />
      ))}
    </Stack>
  );
}
