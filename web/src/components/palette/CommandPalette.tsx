import "@mantine/spotlight/styles.css";
import { Modal } from "@mantine/core";
import { createSpotlight, Spotlight } from "@mantine/spotlight";
import {
  type Icon,
  IconActivity,
  IconInbox,
  IconRobot,
  IconSearch,
  IconSettings,
  IconTarget,
} from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, type RefObject, useEffect, useRef, useState } from "react";
import { rooms } from "@/app/shell/rooms";
import { Untrusted } from "@/ui/Untrusted";
import classes from "./palette.module.css";
import { useCommands } from "./useCommands";
import { useFound } from "./useFound";

interface Entry {
  id: string;
  /** What is looked for, as plain text. */
  text: string;
  label: ReactNode;
  description?: ReactNode;
  icon: Icon;
  run: () => void;
}

interface Group {
  name: string;
  entries: Entry[];
}

const SETTINGS = [
  ["operators", "Operators"],
  ["sessions", "Sessions"],
  ["sign-in", "Sign-in"],
  ["general", "Decisions and evidence"],
  ["vault", "Vault"],
  ["network", "Network"],
] as const;

const MOST_OF_A_GROUP = 6;
const LIST = "palette-found";
const CHOSEN = "[data-selected]";

/** Whether all words begin somewhere in the text. */
function matches(text: string, words: string): boolean {
  const all = text.toLowerCase();
  return words
    .trim()
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}

const [store, spotlight] = createSpotlight();

/** A long list can be scrolled with the keys alone. It is a `ScrollArea`, which its own type does not say. */
const SCROLLED_BY_KEYS: object = { viewportProps: { tabIndex: 0 } };

export interface CommandPaletteProps {
  isOpen: boolean;
  onClose: () => void;
}

/** Goes anywhere and does anything by typing. */
export function CommandPalette({ isOpen, onClose }: CommandPaletteProps) {
  const navigate = useNavigate();
  const [words, setWords] = useState("");
  /** Whether an arrow key has gone to another entry since something was typed. */
  const hasMoved = useRef(false);
  useEffect(() => (isOpen ? spotlight.open() : spotlight.close()), [isOpen]);
  const found = useFound(words, isOpen);
  const commands = useCommands(found.pending[0]?.id);
  const request = (icon: Icon) => (item: (typeof found.actions)[number]) => ({
    id: item.id,
    // Not the intent: an agent would choose which words find its request.
    text: `${item.id} ${item.agent} ${item.target} ${item.action}`,
    label: <Untrusted text={`${item.action} on ${item.target}`} />,
    description: (
      <>
        {item.agent}, {item.state}
        {item.intent && (
          <>
            : <Untrusted text={item.intent} />
          </>
        )}
      </>
    ),
    icon,
  });
  const waiting: Group = {
    name: "Waiting for a decision",
    entries: found.pending.map((item) => ({
      ...request(IconInbox)(item),
      id: `pending-${item.id}`,
      run: () => void navigate({ to: "/dashboard/inbox", search: { id: item.id } }),
    })),
  };
  const isBlank = words.trim() === "";
  // Once words are typed, nothing that an agent wrote stands before a room or a command: `kill` and Enter means the kill switch.
  const groups: Group[] = [
    ...(isBlank ? [waiting] : []),
    {
      name: "Go to",
      entries: [
        ...rooms.map((room) => ({
          id: room.path,
          text: `${room.name} ${room.question}`,
          label: room.name,
          description: room.question,
          icon: room.icon,
          run: () => void navigate({ to: room.path }),
        })),
        ...SETTINGS.map(([tab, name]) => ({
          id: `settings-${tab}`,
          text: `Settings: ${name}`,
          label: `Settings: ${name}`,
          icon: IconSettings,
          run: () => void navigate({ to: "/dashboard/settings/$tab", params: { tab } }),
        })),
      ],
    },
    {
      name: "Commands",
      entries: commands.map(({ id, label, description, icon, keywords = "", run }) => ({
        id,
        text: `${label} ${description} ${keywords}`,
        label,
        description,
        icon,
        run,
      })),
    },
    {
      name: "Agents",
      entries: found.agents.map((name) => ({
        id: `agent-${name}`,
        text: `${name} agent`,
        label: name,
        description: "Agent",
        icon: IconRobot,
        run: () => void navigate({ to: "/dashboard/agents/$name", params: { name } }),
      })),
    },
    {
      name: "Targets",
      entries: found.targets.map((name) => ({
        id: `target-${name}`,
        text: `${name} target`,
        label: name,
        description: "Target",
        icon: IconTarget,
        run: () => void navigate({ to: "/dashboard/targets/$name", params: { name } }),
      })),
    },
    ...(isBlank ? [] : [waiting]),
  ];
  const shown = groups
    .map(({ name, entries }) => ({
      name,
      entries: entries
        .filter(({ text }) => isBlank || matches(text, words))
        .slice(0, isBlank && name !== "Go to" ? 3 : name === "Commands" ? undefined : MOST_OF_A_GROUP + 1),
    }))
    .concat({
      name: "Actions",
      entries: found.actions
        .filter(
          ({ id }) => !waiting.entries.some((entry) => entry.id === `pending-${id}` && matches(entry.text, words)),
        )
        .map((item) => ({
          ...request(IconActivity)(item),
          run: () => void navigate({ to: "/dashboard/activity/$id", params: { id: item.id } }),
        })),
    })
    .filter(({ entries }) => entries.length > 0);
  return (
    <Spotlight.Root
      store={store}
      onSpotlightClose={onClose}
      shortcut={null}
      query={words}
      onQueryChange={(typed) => {
        hasMoved.current = false;
        setWords(typed);
      }}
      maxHeight={480}
      scrollable
    >
      <Modal.Title className="cs-visually-hidden">Search or go to</Modal.Title>
      <Spotlight.Search
        leftSection={<IconSearch size={18} aria-hidden />}
        placeholder="Search or go to …"
        aria-label="Search or go to"
        onKeyDown={({ key }) => {
          if (key === "ArrowDown" || key === "ArrowUp") hasMoved.current = true;
        }}
        rightSection={found.isSearching ? <span role="status">…</span> : undefined}
      />
      <Spotlight.ActionsList id={LIST} {...SCROLLED_BY_KEYS}>
        {shown.map(({ name, entries }) => (
          <Spotlight.ActionsGroup key={name} label={name}>
            {entries.map(({ id, label, description, icon: Picture, run }) => (
              <Spotlight.Action key={id} onClick={run}>
                <EntryText label={label} description={description} icon={Picture} />
              </Spotlight.Action>
            ))}
          </Spotlight.ActionsGroup>
        ))}
        {shown.length === 0 && (
          <Spotlight.Empty>
            {found.isSearching
              ? "Searching …"
              : "Nothing found. Actions are found by their id, or by words of agent, target, action and intent."}
          </Spotlight.Empty>
        )}
        {found.error && <Spotlight.Empty>Actions could not be searched: {found.error.message}</Spotlight.Empty>}
      </Spotlight.ActionsList>
      {!isBlank && (
        <FirstChosen
          shown={shown.flatMap(({ entries }) => entries.map(({ id }) => id)).join(" ")}
          hasMoved={hasMoved}
        />
      )}
    </Spotlight.Root>
  );
}

/**
 * Keeps the first entry chosen for Enter. Spotlight chooses it once after each key, before what the gateway finds is there: what comes
 * later would stand unchosen, or take the chosen entry away.
 */
function FirstChosen({ shown, hasMoved }: { shown: string; hasMoved: RefObject<boolean> }) {
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is shown is what it reacts to
  useEffect(() => {
    const list = document.getElementById(LIST);
    const chosen = list?.querySelector(CHOSEN);
    if (hasMoved.current && chosen) return;
    const first = list?.querySelector("[data-action]");
    chosen?.removeAttribute("data-selected");
    first?.setAttribute("data-selected", "true");
    store.updateState((state) => ({ ...state, selected: first ? 0 : -1 }));
  }, [shown, hasMoved]);
  return null;
}

function EntryText({ label, description, icon: Picture }: { label: ReactNode; description?: ReactNode; icon: Icon }) {
  return (
    <span className={classes.entry}>
      <Picture size={20} stroke={1.6} aria-hidden className={classes.picture} />
      <span className={classes.words}>
        <span className={classes.label}>{label}</span>
        {description && <span className={classes.description}>{description}</span>}
      </span>
    </span>
  );
}
