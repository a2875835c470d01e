/** What narrows a list: a search field, facets with several choices, facets with one, and a way back to everything. */
import { Button, Checkbox, CloseButton, Group, Popover, Radio, Stack, TextInput } from "@mantine/core";
import { useDebouncedCallback, useDisclosure, useMediaQuery } from "@mantine/hooks";
import { IconChevronDown, IconFilter, IconSearch, IconX } from "@tabler/icons-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import classes from "./Filters.module.css";

export interface Choice {
  value: string;
  label: string;
}

const PAUSE_MS = 300;

export interface SearchFieldProps {
  label: string;
  placeholder: string;
  value: string | undefined;
  /** Called when the typing pauses, or at once on Enter. */
  onChange: (value: string | undefined) => void;
  width?: number | string;
}

/** A field that searches when the typing pauses. */
export function SearchField({ label, placeholder, value = "", onChange, width = 280 }: SearchFieldProps) {
  const [text, setText] = useState(value);
  const sent = useRef(value);
  const send = (next: string) => {
    const trimmed = next.trim();
    if (trimmed === sent.current) return;
    sent.current = trimmed;
    onChange(trimmed || undefined);
  };
  const sendLater = useDebouncedCallback(send, PAUSE_MS);
  useEffect(() => {
    // Somebody else changed the address: go along, but never under the typist's fingers.
    if (value !== sent.current) {
      sent.current = value;
      setText(value);
    }
  }, [value]);
  return (
    <TextInput
      type="search"
      aria-label={label}
      placeholder={placeholder}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        sendLater(event.currentTarget.value);
      }}
      onKeyDown={(event) => event.key === "Enter" && send(text)}
      leftSection={<IconSearch size={16} aria-hidden />}
      rightSection={
        text && (
          <CloseButton
            size="sm"
            aria-label="Clear the search"
            onClick={() => {
              setText("");
              send("");
            }}
          />
        )
      }
      w={{ base: "100%", xs: width }}
      spellCheck={false}
      autoComplete="off"
    />
  );
}

interface FacetFrameProps {
  name: string;
  summary: string | undefined;
  children: ReactNode;
}

function FacetFrame({ name, summary, children }: FacetFrameProps) {
  return (
    <Popover position="bottom-start" shadow="md" trapFocus withinPortal returnFocus>
      <Popover.Target>
        <Button
          variant={summary ? "light" : "default"}
          size="xs"
          fw={500}
          h={36}
          rightSection={<IconChevronDown size={14} aria-hidden />}
          maw={260}
        >
          {summary ? `${name}: ${summary}` : name}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p="xs" aria-label={name}>
        <div className={classes.choices}>{children}</div>
      </Popover.Dropdown>
    </Popover>
  );
}

export interface FacetProps {
  name: string;
  choices: readonly Choice[];
  value: readonly string[];
  onChange: (value: string[]) => void;
  /** How a choice looks, instead of its label. */
  draw?: (choice: Choice) => ReactNode;
}

/** A filter that takes several values. */
export function Facet({ name, choices, value, onChange, draw }: FacetProps) {
  const chosen = choices.filter((choice) => value.includes(choice.value)).map((choice) => choice.label);
  const summary = chosen.length > 2 ? `${chosen.length} chosen` : chosen.join(", ");
  return (
    <FacetFrame name={name} summary={summary || undefined}>
      <Checkbox.Group value={[...value]} onChange={onChange} aria-label={name}>
        <Stack gap={8} p={4}>
          {choices.map((choice) => (
            <Checkbox
              key={choice.value}
              value={choice.value}
              label={draw ? draw(choice) : choice.label}
              size="xs"
              aria-label={choice.label}
            />
          ))}
        </Stack>
      </Checkbox.Group>
    </FacetFrame>
  );
}

export interface OneFacetProps {
  name: string;
  choices: readonly Choice[];
  value: string | undefined;
  onChange: (value: string | undefined) => void;
  /** What the choice of nothing is called. */
  all: string;
  /** More controls below the choices. */
  children?: ReactNode;
  /** What the button says of a value that is no choice. */
  summary?: string | undefined;
}

/** A filter that takes one value. */
export function OneFacet({ name, choices, value, onChange, all, children, summary }: OneFacetProps) {
  const chosen = choices.find((choice) => choice.value === value)?.label ?? summary ?? value;
  return (
    <FacetFrame name={name} summary={chosen}>
      <Radio.Group value={value ?? ""} onChange={(next) => onChange(next || undefined)} aria-label={name}>
        <Stack gap={8} p={4}>
          <Radio value="" label={all} size="xs" />
          {choices.map((choice) => (
            <Radio key={choice.value} value={choice.value} label={choice.label} size="xs" />
          ))}
        </Stack>
      </Radio.Group>
      {children}
    </FacetFrame>
  );
}

export interface FilterBarProps {
  /** What is always in view. */
  search: ReactNode;
  /** The facets; folded away on a phone. */
  children: ReactNode;
  /** How many filters are set. */
  count: number;
  onClear: () => void;
  /** At the far end. */
  end?: ReactNode;
}

/** The filters above a list. On a phone the facets open by a button. */
export function FilterBar({ search, children, count, onClear, end }: FilterBarProps) {
  const isNarrow = useMediaQuery("(max-width: 48em)", false, { getInitialValueInEffect: false });
  const [isOpen, { toggle }] = useDisclosure(false);
  return (
    <Group gap="xs" mb="sm" component="search" aria-label="Filters">
      {search}
      {isNarrow && (
        <Button
          variant="default"
          size="xs"
          h={36}
          onClick={toggle}
          aria-expanded={isOpen}
          leftSection={<IconFilter size={14} aria-hidden />}
        >
          {count > 0 ? `Filters (${count})` : "Filters"}
        </Button>
      )}
      {(!isNarrow || isOpen) && children}
      {count > 0 && (
        <Button
          variant="subtle"
          color="gray"
          size="xs"
          h={36}
          px={8}
          onClick={onClear}
          leftSection={<IconX size={14} aria-hidden />}
        >
          Clear all
        </Button>
      )}
      {end && (
        <Group gap="xs" ml="auto">
          {end}
        </Group>
      )}
    </Group>
  );
}
