import { Alert, Button, Group, NativeSelect, Radio, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconPlayerStop } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "@/api/client";
import { asProblem } from "@/api/problem";
import { useMe } from "@/app/me";
import { whyNot } from "@/app/rights";
import { agentNamesQuery, targetNamesQuery } from "@/components/actor/lists";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { MayButton } from "@/ui/MayButton";
import { killsQuery, pull } from "./useKills";

type Scope = Schemas["KillBody"]["scope"];

const WORDS: Record<string, { verb: string; what: string }> = {
  all: {
    verb: "Stop everything",
    what: "Within a second every running call is cut off, everything that waits for a decision is taken back, and whatever agents ask for is refused until you release it.",
  },
  agent: {
    verb: "Stop the agent",
    what: "Within a second its running calls are cut off, its requests that wait are taken back, and it is refused until you release it.",
  },
  target: {
    verb: "Stop the target",
    what: "Within a second running calls on it are cut off, requests for it that wait are taken back, and nobody reaches it until you release it.",
  },
};

/** Pulls the switch. */
export function KillForm({ isAllStopped }: { isAllStopped: boolean }) {
  const client = useQueryClient();
  const why = whyNot(useMe(), "kill");
  const [scope, setScope] = useState<Scope>("all");
  const [name, setName] = useState("");
  const [reason, setReason] = useState("");
  const [missing, setMissing] = useState<string>();
  const [failure, setFailure] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const agents = useQuery(agentNamesQuery).data ?? [];
  const targets = useQuery(targetNamesQuery).data ?? [];
  const words = WORDS[scope] ?? { verb: "Stop", what: "" };
  const stop = async () => {
    setMissing(undefined);
    setFailure(undefined);
    if (scope !== "all" && !name) return setMissing(`Choose the ${scope}.`);
    setBusy(true);
    try {
      await pull({ scope, ...(scope === "all" ? {} : { name }), reason: reason.trim() });
      await client.invalidateQueries({ queryKey: killsQuery.queryKey });
      const title = scope === "all" ? "Everything is stopped" : `${name} is stopped`;
      notifications.show({ color: "red", title, message: "Release it in the same place." });
      setReason("");
      setName("");
    } catch (error) {
      if (asProblem(error).field === "name") setMissing(asProblem(error).message);
      else setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      aria-label="Stop"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!why) void stop();
      }}
    >
      <Stack gap="sm">
        <Radio.Group
          label="What to stop"
          value={scope}
          onChange={(value) => {
            setScope(value as Scope);
            setName("");
            setMissing(undefined);
          }}
        >
          <Group gap="lg" mt={6}>
            <Radio value="all" label="Everything" data-autofocus />
            <Radio value="agent" label="One agent" />
            <Radio value="target" label="One target" />
          </Group>
        </Radio.Group>
        {scope !== "all" && (
          <NativeSelect
            label={scope === "agent" ? "Agent" : "Target"}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            data={[{ value: "", label: "Choose …" }, ...(scope === "agent" ? agents : targets)]}
            error={missing}
            required
          />
        )}
        <TextInput
          label="Reason"
          description="For the ledger and for whoever finds it stopped. May be left out when it is urgent."
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          maxLength={2_000}
        />
        <Text size="sm">
          {words.what} What a target has begun to do may still take effect there; keys, grants and credentials stay.
        </Text>
        {why && (
          <Alert color="gray" variant="light">
            {why}
          </Alert>
        )}
        {failure !== undefined && <ErrorNotice error={failure} />}
        <Group justify="flex-end">
          {why || (isAllStopped && scope === "all") ? (
            <MayButton why={why ?? "Everything is stopped already."} onClick={() => {}} color="red">
              {words.verb}
            </MayButton>
          ) : (
            <Button type="submit" color="red" loading={isBusy} leftSection={<IconPlayerStop size={16} aria-hidden />}>
              {words.verb}
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  );
}
