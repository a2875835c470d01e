import { ActionIcon, Button, Checkbox, Tooltip } from "@mantine/core";
import { useDisclosure, useMediaQuery } from "@mantine/hooks";
import { IconArrowLeft, IconInbox, IconKeyboard } from "@tabler/icons-react";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
import { ApprovalCard, type CardControls } from "@/components/approval/ApprovalCard";
import type { ActionView } from "@/components/approval/action";
import type { Say } from "@/components/approval/decide";
import { EmptyState } from "@/ui/EmptyState";
import { ErrorNotice } from "@/ui/ErrorNotice";
import type { KeyHelpProps } from "@/ui/KeyHelp";
import { late } from "@/ui/late";
import { MayButton } from "@/ui/MayButton";
import { Page } from "@/ui/Page";
import { TableSkeleton } from "@/ui/TableSkeleton";
import type { BatchDialogProps } from "./BatchDialog";
import { InboxFilters } from "./InboxFilters";
import classes from "./inbox.module.css";
import { type ListControls, PendingList } from "./PendingList";
import type { Item } from "./pages";
import { countFilters, filterOf, type InboxFilter } from "./search";
import { type InboxAction, KEYS, useInboxKeys } from "./useInboxKeys";
import { type PendingList as Pending, usePending } from "./usePending";

const route = getRouteApi("/dashboard/inbox");

const BatchDialog = late<BatchDialogProps>(() => import("./BatchDialog").then((module) => module.BatchDialog));
const KeyHelp = late<KeyHelpProps>(() => import("@/ui/KeyHelp").then((module) => module.KeyHelp));

/** How long a decision's result is shown before the next request comes. */
const RESULT_MS = 1_400;

export function InboxPage() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const me = useMe();
  const isNarrow = useMediaQuery("(max-width: 62em)", false, { getInitialValueInEffect: false }) ?? false;
  const filter = useMemo(() => filterOf(search), [search]);
  const selected = search.id;
  const pending = usePending(filter, selected);
  const rows = pending.rows;
  const [chosen, setChosen] = useState<ReadonlyMap<string, Item>>(new Map());
  const [batch, setBatch] = useState<Say>();
  const [isHelping, help] = useDisclosure(false);
  const card = useRef<CardControls>(null);
  const list = useRef<ListControls>(null);
  const next = useRef<ReturnType<typeof setTimeout>>(undefined);
  /** The request that came by itself after a decision. */
  const [advanced, setAdvanced] = useState<string>();
  useEffect(() => () => clearTimeout(next.current), []);

  const open = (id: string | undefined, isAdvanced = false) => {
    clearTimeout(next.current);
    setAdvanced(isAdvanced ? id : undefined);
    void navigate({ to: "/dashboard/inbox", search: { ...filter, id }, replace: !isNarrow, resetScroll: false });
    if (id) list.current?.reveal(id);
  };
  const setFilter = (changed: InboxFilter) => {
    setChosen(new Map());
    void navigate({
      to: "/dashboard/inbox",
      search: { ...changed, id: isNarrow ? undefined : selected },
      replace: true,
      resetScroll: false,
    });
  };

  // With room for both, the first request is open from the start. Later arrivals never change which one is.
  const first = rows?.find(({ state }) => state === "pending")?.id;
  useEffect(() => {
    if (isNarrow || selected !== undefined || first === undefined) return;
    void navigate({ to: "/dashboard/inbox", search: { ...filter, id: first }, replace: true, resetScroll: false });
  }, [isNarrow, selected, first, filter, navigate]);

  /** The nearest request that still waits, in one direction. */
  const neighbour = (from: string | undefined, step: 1 | -1): string | undefined => {
    const all = rows ?? [];
    const at = all.findIndex(({ id }) => id === from);
    if (at < 0) return all.find(({ state }) => state === "pending")?.id;
    for (let index = at + step; index >= 0 && index < all.length; index += step) {
      if (all[index]?.state === "pending") return all[index]?.id;
    }
    return undefined;
  };

  const onDecided = (view: ActionView) => {
    pending.settle(new Map([[view.id, view.state]]));
    const following = neighbour(view.id, 1) ?? neighbour(view.id, -1);
    if (!following || isNarrow) return;
    clearTimeout(next.current);
    next.current = setTimeout(() => open(following, true), RESULT_MS);
  };

  const choose = (id: string, isChosen: boolean) => {
    setChosen((before) => {
      const after = new Map(before);
      const item = rows?.find((row) => row.id === id);
      if (isChosen && item) after.set(id, item);
      else after.delete(id);
      return after;
    });
  };
  // What no longer waits can't be decided any more.
  const waiting = useMemo(() => {
    const gone = new Set(rows?.filter(({ state }) => state !== "pending").map(({ id }) => id));
    return [...chosen.values()].filter(({ id }) => !gone.has(id));
  }, [chosen, rows]);

  useInboxKeys((action: InboxAction) => {
    const focused = document.activeElement?.closest<HTMLElement>("li[aria-posinset]");
    const at = selected ?? (focused ? rows?.[Number(focused.getAttribute("aria-posinset")) - 1]?.id : undefined);
    if (action === "next" || action === "previous") {
      const to = neighbour(selected, action === "next" ? 1 : -1);
      if (to) open(to);
    } else if (action === "choose") {
      if (at) choose(at, !chosen.has(at));
    } else if (action === "help") help.open();
    else if (action === "leave") {
      if (chosen.size > 0) setChosen(new Map());
      else if (isNarrow && selected) open(undefined);
    } else card.current?.[action]();
  });

  const isCardOnly = isNarrow && selected !== undefined;
  const ids = useMemo(() => new Set(waiting.map(({ id }) => id)), [waiting]);
  return (
    <Page
      isFull
      title="Inbox"
      description={isCardOnly ? undefined : <Total pending={pending} filter={filter} />}
      actions={
        <Tooltip label="Keys (?)">
          <ActionIcon onClick={help.open} aria-label="Show the keys of this page" visibleFrom="sm">
            <IconKeyboard size={18} />
          </ActionIcon>
        </Tooltip>
      }
    >
      {!isCardOnly && <InboxFilters filter={filter} onChange={setFilter} />}
      <p className="cs-visually-hidden" role="status">
        {pending.announcement}
      </p>
      <div className={classes.panes} data-narrow={isNarrow || rows?.length === 0 || undefined}>
        {!isCardOnly && (
          <div className={classes.left}>
            <Listing
              pending={pending}
              filter={filter}
              selected={selected}
              chosen={ids}
              onChoose={choose}
              onOpen={open}
              onChooseAll={(all) => setChosen(new Map(all.map((item) => [item.id, item])))}
              onClear={() => setFilter({})}
              controls={list}
              batchBar={
                waiting.length > 0 && (
                  <BatchBar
                    count={waiting.length}
                    why={whyNot(me, "decide")}
                    onSay={setBatch}
                    onClear={() => setChosen(new Map())}
                  />
                )
              }
            />
          </div>
        )}
        {selected !== undefined && (!isNarrow || isCardOnly) && (
          <div className={classes.right}>
            <ApprovalCard
              key={selected}
              id={selected}
              onDecided={onDecided}
              controls={card}
              isAdvanced={advanced === selected}
              lead={
                isNarrow && (
                  <ActionIcon onClick={() => open(undefined)} aria-label="Back to the list">
                    <IconArrowLeft size={18} />
                  </ActionIcon>
                )
              }
            />
          </div>
        )}
        {selected === undefined && !isNarrow && (rows?.length ?? 0) > 0 && (
          <p className={classes.placeholder}>Open a request to read it.</p>
        )}
      </div>
      {batch && (
        <BatchDialog
          isOpen
          say={batch}
          items={waiting}
          onClose={() => {
            setBatch(undefined);
            setChosen(new Map());
          }}
          onDecided={(item) => pending.settle(new Map([[item.id, item.state]]))}
        />
      )}
      <KeyHelp isOpen={isHelping} onClose={help.close} keys={KEYS} />
    </Page>
  );
}

function Total({ pending, filter }: { pending: Pending; filter: InboxFilter }) {
  const isFiltered = countFilters(filter) > 0;
  if (!pending.rows) return <>…</>;
  const loaded = pending.rows.filter(({ state }) => state === "pending").length;
  const many = pending.total ?? loaded;
  const number = `${many.toLocaleString("en")}${pending.total === undefined || pending.isTotalBounded ? "+" : ""}`;
  if (many === 0) return <>No request waits for a decision{isFiltered && " and matches the filters"}</>;
  return (
    <>
      {number} {many === 1 ? "request waits" : "requests wait"} for a decision{isFiltered && " and match the filters"}
      {many > 1 && ": by urgency, then the oldest first"}
    </>
  );
}

interface ListingProps {
  pending: Pending;
  filter: InboxFilter;
  selected: string | undefined;
  chosen: ReadonlySet<string>;
  onChoose: (id: string, isChosen: boolean) => void;
  onOpen: (id: string) => void;
  onChooseAll: (items: Item[]) => void;
  onClear: () => void;
  controls: React.RefObject<ListControls | null>;
  batchBar: React.ReactNode;
}

function Listing(props: ListingProps) {
  const { pending, filter, selected, chosen, onChoose, onOpen, onChooseAll, onClear, controls, batchBar } = props;
  const { rows } = pending;
  const [isChoosing, setChoosing] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  if (!rows && pending.error) return <ErrorNotice error={pending.error} onRetry={pending.retry} />;
  if (!rows) return <TableSkeleton label="pending requests" />;
  if (rows.length === 0 && pending.waiting === 0)
    return <Nothing isFiltered={countFilters(filter) > 0} onClear={onClear} />;
  const waiting = rows.filter(({ state }) => state === "pending");
  const isAll = waiting.length > 0 && chosen.size >= waiting.length && !pending.hasMore;
  const chooseAll = async () => {
    if (chosen.size > 0) return onChooseAll([]);
    setChoosing(true);
    setFailure(undefined);
    try {
      onChooseAll(await pending.loadAll());
    } catch (error) {
      setFailure(error);
    } finally {
      setChoosing(false);
    }
  };
  return (
    <div className={classes.frame}>
      <div className={classes.tools}>
        <Checkbox
          size="xs"
          checked={isAll}
          indeterminate={chosen.size > 0 && !isAll}
          disabled={isChoosing || waiting.length === 0}
          onChange={() => void chooseAll()}
          aria-label="Select all that match"
        />
        <span>
          {isChoosing
            ? "Loading all …"
            : chosen.size > 0
              ? `${chosen.size.toLocaleString("en")} selected`
              : "Select all"}
        </span>
      </div>
      {failure !== undefined && <ErrorNotice error={failure} />}
      {pending.waiting > 0 && (
        <button type="button" className={classes.fresh} onClick={pending.showWaiting}>
          {pending.waiting} new: show
        </button>
      )}
      <PendingList
        rows={rows}
        filter={filter}
        selected={selected}
        chosen={chosen}
        onChoose={onChoose}
        onOpen={onOpen}
        onEnd={pending.loadMore}
        isLoadingMore={pending.isLoadingMore}
        setHeld={pending.setHeld}
        setLastVisible={pending.setLastVisible}
        controls={controls}
      />
      {batchBar}
    </div>
  );
}

function Nothing({ isFiltered, onClear }: { isFiltered: boolean; onClear: () => void }) {
  if (isFiltered) {
    return (
      <EmptyState
        icon={IconInbox}
        title="No pending request matches"
        action={
          <Button variant="default" onClick={onClear}>
            Clear the filters
          </Button>
        }
      >
        Others may wait that the filters hide.
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={IconInbox} title="Nothing waits for you">
      When a grant or a rule wants a human to be asked, the agent's request appears here at once, with every byte that
      would run. To have requests come here, give an agent a grant with the verdict ask.
    </EmptyState>
  );
}

interface BatchBarProps {
  count: number;
  why: string | undefined;
  onSay: (say: Say) => void;
  onClear: () => void;
}

function BatchBar({ count, why, onSay, onClear }: BatchBarProps) {
  const many = count.toLocaleString("en");
  return (
    <section className={classes.batch} aria-label="Batch">
      <MayButton size="xs" color="teal.9" why={why} onClick={() => onSay("approve")}>
        {`Approve ${many} …`}
      </MayButton>
      <MayButton size="xs" variant="default" why={why} onClick={() => onSay("deny")}>
        {`Deny ${many} …`}
      </MayButton>
      <Button size="xs" variant="subtle" color="gray" onClick={onClear}>
        Clear
      </Button>
    </section>
  );
}
