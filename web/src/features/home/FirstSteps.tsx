import { Button, Code, Group, Text } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { firstCall } from "@/features/activity/NothingYet";
import { Copy } from "@/ui/Id";
import { Section } from "@/ui/Section";
import classes from "./home.module.css";
import type { Summary } from "./summary";

function Step({
  number,
  title,
  isDone,
  children,
}: {
  number: number;
  title: string;
  isDone: boolean;
  children: ReactNode;
}) {
  return (
    <li className={classes.step}>
      <span className={classes.mark} data-done={isDone || undefined}>
        {isDone ? <IconCheck size={14} stroke={2.4} aria-label="Done" role="img" /> : number}
      </span>
      <div className={classes.title}>{title}</div>
      {!isDone && children}
    </li>
  );
}

/** From nothing to the first action. */
export function FirstSteps({ summary }: { summary: Summary }) {
  return (
    <Section title="First steps" isFramed>
      <ol className={classes.steps}>
        <Step number={1} title="Add a target" isDone={summary.targets > 0}>
          <Text size="sm" c="dimmed">
            What agents may touch through the gateway, with the credential that they never see.
          </Text>
          <Group>
            <Button component={Link} to="/dashboard/targets" size="compact-sm">
              Go to Targets
            </Button>
          </Group>
        </Step>
        <Step number={2} title="Add an agent and grant it something" isDone={summary.agents > 0}>
          <Text size="sm" c="dimmed">
            Who asks. It gets a key, and grants that say what is allowed, what a human is asked about.
          </Text>
          <Group>
            <Button
              component={Link}
              to="/dashboard/agents"
              size="compact-sm"
              variant={summary.targets > 0 ? "filled" : "default"}
            >
              Go to Agents
            </Button>
          </Group>
        </Step>
        <Step number={3} title="Let it ask for a first action" isDone={false}>
          <Group gap={4} wrap="nowrap" align="flex-start">
            <Code block style={{ flex: 1, whiteSpace: "pre-wrap" }}>
              {firstCall()}
            </Code>
            <Copy value={firstCall()} label="Copy the command" />
          </Group>
          <Text size="sm" c="dimmed">
            Or see it all played on temporary data: <Code>countersign demo</Code>
          </Text>
        </Step>
      </ol>
    </Section>
  );
}
