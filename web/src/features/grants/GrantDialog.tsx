import { Modal, NativeSelect, Radio, Stack } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { agentsQuery } from "@/features/agents/queries";
import { profilesQuery, targetsQuery, useConnector } from "@/features/targets/queries";
import { DialogForm, type FieldErrors } from "@/ui/DialogForm";
import { checkLife, LifeInput } from "@/ui/LifeInput";
import { secondsOf } from "@/ui/units";
import { VerdictWord } from "@/ui/Words";
import { PatternInput } from "./PatternInput";
import { checkPattern } from "./pattern";
import { addGrant, grantsQuery } from "./queries";

const VERDICTS = [
  { value: "ask", description: "A human is asked each time; nothing runs before somebody has approved it" },
  { value: "allow", description: "It runs at once; guards, risk and rules can still ask or deny" },
  { value: "deny", description: "It is refused, whatever other grants and rules say" },
  { value: "by_policy", description: "The rules say; where none speaks, reads are allowed and everything else asks" },
];

const PRESETS = ["1h", "8h", "1d", "7d", "30d", "90d"];
const SHOWN_FIELDS = ["agent", "target", "profile", "action", "verdict", "expires_in_seconds", "expires"];

export interface GrantDialogProps {
  /** The agent, where it is known already. */
  agent?: string | undefined;
  /** The target, where it is known already. */
  target?: string | undefined;
  isOpen: boolean;
  onClose: () => void;
}

/** Gives an agent a grant on a target. */
export function GrantDialog({ agent, target, isOpen, onClose }: GrantDialogProps) {
  const title = agent ? `Add a grant for ${agent}` : `Add a grant on ${target}`;
  return (
    <Modal opened={isOpen} onClose={onClose} title={title} size="lg">
      <GrantForm agent={agent} target={target} onDone={onClose} />
    </Modal>
  );
}

function GrantForm({ agent, target, onDone }: Pick<GrantDialogProps, "agent" | "target"> & { onDone: () => void }) {
  const client = useQueryClient();
  const agents = useQuery(agentsQuery).data ?? [];
  const targets = useQuery(targetsQuery).data ?? [];
  const [chosenAgent, setAgent] = useState(agent ?? "");
  const [chosenTarget, setTarget] = useState(target ?? "");
  const [profile, setProfile] = useState("default");
  const [action, setAction] = useState("");
  const [verdict, setVerdict] = useState("ask");
  const [life, setLife] = useState("");
  const profiles = useQuery(profilesQuery(chosenTarget)).data ?? [];
  const connector = useConnector(targets.find(({ name }) => name === chosenTarget)?.connector);

  const check = () => {
    const errors: FieldErrors = {};
    if (!chosenAgent) errors.agent = "Choose who may act";
    if (!chosenTarget) errors.target = "Choose what it may act on";
    const wrongAction = checkPattern(action.trim());
    if (wrongAction) errors.action = wrongAction;
    const wrongLife = checkLife(life);
    if (wrongLife) errors.expires_in_seconds = wrongLife;
    return errors;
  };
  const submit = async () => {
    await addGrant({
      agent: chosenAgent,
      target: chosenTarget,
      profile,
      action: action.trim(),
      verdict,
      expires_in_seconds: secondsOf(life) ?? null,
    });
    await client.invalidateQueries({ queryKey: grantsQuery.queryKey });
    notifications.show({ color: "teal", title: "The grant is given", message: `${action.trim()} on ${chosenTarget}` });
    onDone();
  };
  return (
    <DialogForm
      verb="Add the grant"
      onSubmit={submit}
      onCancel={onDone}
      check={check}
      shows={(field) => SHOWN_FIELDS.includes(field)}
    >
      {(errorOf) => (
        <>
          {!agent && (
            <NativeSelect
              label="Agent"
              value={chosenAgent}
              onChange={(event) => setAgent(event.currentTarget.value)}
              data={[{ value: "", label: "Choose an agent" }, ...agents.map(({ name }) => name)]}
              error={errorOf("agent")}
              required
              data-autofocus
            />
          )}
          {!target && (
            <NativeSelect
              label="Target"
              value={chosenTarget}
              onChange={(event) => {
                setTarget(event.currentTarget.value);
                setProfile("default");
              }}
              data={[{ value: "", label: "Choose a target" }, ...targets.map(({ name }) => name)]}
              error={errorOf("target")}
              required
              data-autofocus
            />
          )}
          {profiles.length > 1 && (
            <NativeSelect
              label="Profile"
              description="With which credential and limits"
              value={profile}
              onChange={(event) => setProfile(event.currentTarget.value)}
              data={profiles.map(({ name }) => name)}
              error={errorOf("profile")}
            />
          )}
          <PatternInput value={action} onChange={setAction} connector={connector} error={errorOf("action")} />
          <Radio.Group label="Verdict" value={verdict} onChange={setVerdict} error={errorOf("verdict")}>
            <Stack gap="sm" mt="xs">
              {VERDICTS.map(({ value, description }) => (
                <Radio
                  key={value}
                  value={value}
                  label={<VerdictWord verdict={value} />}
                  description={description}
                  aria-label={value.replace("_", " ")}
                />
              ))}
            </Stack>
          </Radio.Group>
          <LifeInput
            label="Ends"
            description="When it ends by itself"
            value={life}
            onChange={setLife}
            presets={PRESETS}
            error={errorOf("expires_in_seconds") ?? errorOf("expires")}
          />
        </>
      )}
    </DialogForm>
  );
}
