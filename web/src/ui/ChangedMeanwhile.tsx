import { Alert, Button } from "@mantine/core";
import { IconGitMerge } from "@tabler/icons-react";

export interface ChangedMeanwhileProps {
  /** What the form is about: `target`. */
  what: string;
  /** What differs, in words; empty where the form shows nothing of it. */
  differences: readonly string[];
  /** The revisions: that the form was filled from, and that is there now. */
  before: number;
  now: number;
  onLoad: () => void;
}

/** Says that a change was made up for a state that is gone, and offers the present one. */
export function ChangedMeanwhile({ what, differences, before, now, onLoad }: ChangedMeanwhileProps) {
  const changed = differences.length > 0 ? differences.join(", ") : "something that this form does not show";
  return (
    <Alert
      role="alert"
      color="orange"
      variant="light"
      icon={<IconGitMerge />}
      title={`Somebody changed this ${what} since you opened the form`}
    >
      Changed: {changed} (revision {before}, now {now}). Nothing of yours is saved yet. Saving yours keeps their changes
      where you changed nothing.
      <div style={{ marginTop: 8 }}>
        <Button size="compact-sm" variant="default" onClick={onLoad}>
          Drop mine and load theirs
        </Button>
      </div>
    </Alert>
  );
}
