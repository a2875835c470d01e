/** What each type of credential is made of. The gateway's table: crates/gate/src/credentials.rs. */

export interface CredentialField {
  name: string;
  label: string;
  description: string;
  isSecret: boolean;
  /** The password of a basic credential may be empty. */
  isOptional?: boolean;
}

export interface CredentialType {
  label: string;
  description: string;
  fields: readonly CredentialField[];
}

const key = (description: string): CredentialField => ({ name: "key", label: "Key", description, isSecret: true });

export const TYPES: Record<string, CredentialType> = {
  bearer: {
    label: "Bearer token",
    description: "Sent as Authorization: Bearer …",
    fields: [{ name: "token", label: "Token", description: "Without the word Bearer", isSecret: true }],
  },
  basic: {
    label: "User name and password",
    description: "Sent as Authorization: Basic …",
    fields: [
      { name: "username", label: "User name", description: "Without a colon; it stays visible", isSecret: false },
      { name: "password", label: "Password", description: "May be empty", isSecret: true, isOptional: true },
    ],
  },
  api_key_header: {
    label: "Key in a header",
    description: "Sent as a header of its own",
    fields: [
      {
        name: "header",
        label: "Header",
        description: "Its name, such as X-API-Key; it stays visible",
        isSecret: false,
      },
      key("The header's value"),
    ],
  },
  api_key_query: {
    label: "Key in the query",
    description: "Added to the address as a parameter; it may end up in the target's logs",
    fields: [
      {
        name: "parameter",
        label: "Parameter",
        description: "Its name, such as api_key; it stays visible",
        isSecret: false,
      },
      key("The parameter's value"),
    ],
  },
  headers: { label: "Several headers", description: "Any headers with secret values", fields: [] },
};

/** A type that the page does not know yet is shown by its word. */
export function labelOf(type: string): string {
  return TYPES[type]?.label ?? type;
}
