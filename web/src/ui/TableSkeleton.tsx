import { Skeleton } from "@mantine/core";

const ROW_HEIGHT = 41;
const SKELETONS = ["a", "b", "c", "d", "e", "f"];

/** The shape of a table that is on its way. */
export function TableSkeleton({ label }: { label: string }) {
  return (
    <div role="status" aria-label={`Loading ${label}`}>
      {SKELETONS.map((key) => (
        <Skeleton key={key} height={ROW_HEIGHT - 9} my={9} radius="sm" />
      ))}
    </div>
  );
}
