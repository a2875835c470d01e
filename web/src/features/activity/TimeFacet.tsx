import { Divider, Stack, TextInput } from "@mantine/core";
import { OneFacet } from "@/ui/Filters";
import { type ActivitySearch, PRESETS } from "./search";

const presets = Object.entries(PRESETS).map(([value, { label }]) => ({ value, label }));
const short = new Intl.DateTimeFormat(undefined, { dateStyle: "short", timeStyle: "short" });

/** A point in time as the field of a browser wants it: local, without a zone. */
export function toLocalField(value: string | undefined): string {
  if (!value || Number.isNaN(Date.parse(value))) return "";
  const at = new Date(value);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export interface TimeFacetProps {
  search: Pick<ActivitySearch, "since" | "until">;
  onChange: (change: { since?: string | undefined; until?: string | undefined }) => void;
  /** Whether stretches up to now are offered. */
  hasPresets?: boolean;
}

/** When: a stretch up to now, or two points in time. */
export function TimeFacet({ search, onChange, hasPresets = true }: TimeFacetProps) {
  const exactSince = search.since && !(search.since in PRESETS) ? search.since : undefined;
  const words = [
    exactSince ? `from ${short.format(new Date(exactSince))}` : "",
    search.until ? `until ${short.format(new Date(search.until))}` : "",
  ];
  const value = search.until ? `${search.since ?? ""} ` : search.since;
  return (
    <OneFacet
      name="Time"
      all="Any time"
      choices={hasPresets ? presets : []}
      value={value}
      summary={words.filter(Boolean).join(" ") || undefined}
      onChange={(since) => onChange({ since, until: undefined })}
    >
      <Divider my={8} label={hasPresets ? "or exactly" : undefined} />
      <Stack gap={8} p={4}>
        <TextInput
          type="datetime-local"
          size="xs"
          label="From"
          value={toLocalField(exactSince)}
          onChange={({ currentTarget }) => onChange({ since: currentTarget.value || undefined, until: search.until })}
        />
        <TextInput
          type="datetime-local"
          size="xs"
          label="Until"
          value={toLocalField(search.until)}
          onChange={({ currentTarget }) => onChange({ since: search.since, until: currentTarget.value || undefined })}
        />
      </Stack>
    </OneFacet>
  );
}
