/**
 * Dialogs whose code comes when they are first opened: what the page does not show at first is not loaded at first.
 *
 * Invariants: a dialog is there before it is opened, so that it gives the focus back to what had it; one whose code could not be loaded
 * says so, closes, and is asked for again when it is opened again; until it is there, no key is a page's own.
 */
import { notifications } from "@mantine/notifications";
import { type ComponentType, createElement, useEffect, useState } from "react";
import { holdKeys } from "./keys";

interface Openable {
  isOpen: boolean;
  onClose: () => void;
}

export interface LateDialog<Props> {
  (props: Props): React.ReactNode;
  /** Loads the code ahead of the first opening. A failure is not said: opening tries again. */
  preload: () => void;
}

/** One notice, however many fail. */
const NOTICE = "not-loaded";

interface Source<Props> {
  known: ComponentType<Props> | undefined;
  get: () => Promise<ComponentType<Props>>;
}

/** A dialog of which nothing is loaded until it is opened. */
export function late<Props extends Openable>(load: () => Promise<ComponentType<Props>>): LateDialog<Props> {
  const source: Source<Props> = {
    known: undefined,
    get: async () => {
      source.known ??= await load();
      return source.known;
    },
  };
  const draw = (props: Props) => <Late source={source} props={props} />;
  return Object.assign(draw, { preload: () => void source.get().catch(() => {}) });
}

function Late<Props extends Openable>({ source, props }: { source: Source<Props>; props: Props }) {
  const [Part, setPart] = useState(() => source.known);
  const [isThere, setThere] = useState(false);
  const { isOpen, onClose } = props;
  // biome-ignore lint/correctness/useExhaustiveDependencies: who listens for the closing changes with each picture
  useEffect(() => {
    if (!isOpen || Part) return;
    let isLeft = false;
    const letGo = holdKeys();
    source.get().then(
      (part) => isLeft || setPart(() => part),
      () => {
        if (isLeft) return;
        notifications.hide(NOTICE);
        notifications.show({
          id: NOTICE,
          color: "red",
          title: "This part of the page could not be loaded",
          message: "The gateway does not answer, or was updated since the page was opened: reload the page.",
        });
        onClose();
      },
    );
    return () => {
      isLeft = true;
      letGo();
    };
  }, [isOpen, Part]);
  useEffect(() => setThere(Part !== undefined), [Part]);
  return Part ? createElement(Part, { ...props, isOpen: isOpen && isThere }) : null;
}
