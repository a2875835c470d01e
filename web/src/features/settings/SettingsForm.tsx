import { Button, Group, Paper, Skeleton, Stack, Text, Tooltip } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { asProblem } from "@/api/problem";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { merged } from "./merge";
import { changeSettings, type Settings, type SettingsChange, settingsQuery } from "./queries";

export interface FieldsProps {
  settings: Settings;
  set: (change: SettingsChange) => void;
  errorOf: (field: string) => string | undefined;
  /** Why nothing can be changed. */
  why: string | undefined;
}

export interface SettingsFormProps {
  label: string;
  /** The fields that this form shows: errors of others stand at its end. */
  fields: readonly string[];
  children: (props: FieldsProps) => ReactNode;
}

/** A form over a part of the settings. It is saved as a whole; what did not change is not sent. */
export function SettingsForm({ label, fields, children }: SettingsFormProps) {
  const client = useQueryClient();
  const why = whyNot(useMe(), "configure");
  const settings = useQuery(settingsQuery);
  const [change, setChange] = useState<SettingsChange>({});
  const [failure, setFailure] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  if (settings.error) return <ErrorNotice error={settings.error} onRetry={() => void settings.refetch()} />;
  if (!settings.data) return <Skeleton height={220} radius="sm" />;

  const shown = merged(settings.data, change);
  const isChanged = JSON.stringify(shown) !== JSON.stringify(settings.data);
  const field = failure === undefined ? undefined : asProblem(failure).field;
  const isAtField = field !== undefined && fields.includes(field);
  const save = async () => {
    setBusy(true);
    setFailure(undefined);
    try {
      client.setQueryData(settingsQuery.queryKey, await changeSettings(change));
      setChange({});
      notifications.show({
        color: "teal",
        title: "Saved",
        message: "It holds from now on; the ledger says who changed it.",
      });
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Paper withBorder p="md" radius="sm">
      <form
        aria-label={label}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!why && isChanged) void save();
        }}
      >
        <Stack gap="md" maw={640}>
          {children({
            settings: shown,
            set: (more) => setChange(merged(change, more)),
            errorOf: (name) => (isAtField && field === name ? asProblem(failure).message : undefined),
            why,
          })}
          {failure !== undefined && !isAtField && <ErrorNotice error={failure} />}
          <Group gap="xs">
            <Tooltip label={why ?? "Nothing has changed."} disabled={!why && isChanged}>
              <Button
                type="submit"
                loading={isBusy}
                data-disabled={why || !isChanged ? true : undefined}
                aria-disabled={why || !isChanged ? true : undefined}
              >
                Save
              </Button>
            </Tooltip>
            {isChanged && (
              <Button
                variant="default"
                onClick={() => {
                  setChange({});
                  setFailure(undefined);
                }}
              >
                Undo
              </Button>
            )}
            {why && (
              <Text size="sm" c="dimmed">
                {why}
              </Text>
            )}
          </Group>
        </Stack>
      </form>
    </Paper>
  );
}
