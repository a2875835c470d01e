/** What kinds of targets there are, in the form of `GET /api/v1/connectors`. */
const INPUT = {
  type: "object",
  additionalProperties: false,
  properties: {
    headers: {
      type: ["object", "null"],
      additionalProperties: { anyOf: [{ type: "string" }, { type: "array", items: { type: "string" } }] },
      description: "Headers to send; those of credentials and of the transport are dropped",
    },
    query: { description: "The query without ?, or names and values", type: ["null", "string", "object"] },
  },
};

const METHODS: [method: string, effect: string, durability: string][] = [
  ["GET", "read", "read"],
  ["HEAD", "read", "read"],
  ["OPTIONS", "read", "read"],
  ["POST", "write", "strict"],
  ["PUT", "write", "strict"],
  ["PATCH", "write", "strict"],
  ["DELETE", "destructive", "strict"],
];

export const connectors = [
  {
    name: "http",
    summary: "An HTTP API behind a base URL; the credential is added on the way out",
    actions: METHODS.map(([method, effect, durability]) => ({
      name: `${method} /**`,
      effect,
      durability,
      input_schema: INPUT,
    })),
    credential_types: ["bearer", "basic", "api_key_header", "api_key_query", "headers"],
    profile_schema: { additionalProperties: false, properties: {}, type: "object" },
    target_schema: {
      additionalProperties: false,
      properties: {
        base_url: {
          description: "Where the API begins: http or https, without user name, query and fragment",
          examples: ["https://api.example.com/v1"],
          format: "uri",
          maxLength: 2048,
          title: "Base URL",
          type: "string",
        },
      },
      required: ["base_url"],
      type: "object",
    },
  },
];
