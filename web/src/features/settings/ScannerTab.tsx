import { Button, Code, NumberInput, Stack } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { Section } from "@/ui/Section";
import { ModeRadios } from "./ModeRadios";
import { SettingsForm } from "./SettingsForm";
import { CASES_NAME, CASES_PATH, SHIPPED } from "./scan";
import { ThresholdInput } from "./ThresholdInput";

const INPUT_MODES = [
  ["off", "Off", "What agents ask for is not looked at"],
  ["warn", "Warn", "From the first threshold on a human is asked; nothing is denied"],
  ["block", "Block", "From the first threshold on a human is asked, from the second on it is denied"],
] as const;

const OUTPUT_MODES = [
  ["off", "Off", "Answers are not looked at"],
  ["warn", "Warn", "A finding is recorded and the answer is marked"],
  ["taint", "Taint", "As Warn; from the second threshold on the agent counts as tainted"],
] as const;

/** How text is looked at for threats and secrets. */
export function ScannerTab() {
  return (
    <Stack gap="xl">
      <Section
        title="What agents ask for"
        description="Intents, addresses, headers and bodies, before it is decided. The scan is a tripwire: nothing is allowed because nothing was found. Labels of an agent can set its own values."
      >
        <SettingsForm
          label="Scan of requests"
          fields={["scan.input.mode", "scan.input.warn", "scan.input.block", "scan.input"]}
        >
          {({ settings: { scan }, set, errorOf, why }) => (
            <>
              <ModeRadios
                label="A suspicious request"
                modes={INPUT_MODES}
                shipped={SHIPPED.input}
                value={scan.input.mode}
                onChange={(mode) => set({ scan: { input: { mode } } })}
                error={errorOf("scan.input.mode")}
                readOnly={Boolean(why)}
              />
              <ThresholdInput
                label="Requests: ask a human from"
                description="Reads are only recorded."
                value={scan.input.warn}
                shipped={SHIPPED.warn}
                onChange={(warn) => set({ scan: { input: { warn } } })}
                error={errorOf("scan.input.warn")}
                readOnly={Boolean(why)}
              />
              <ThresholdInput
                label="Requests: deny from"
                description={
                  scan.input.mode === "block"
                    ? "Reads, too."
                    : "Only in the mode Block. In the mode Warn nothing is denied: from here on a human is asked about reads, too."
                }
                value={scan.input.block}
                shipped={SHIPPED.block}
                onChange={(block) => set({ scan: { input: { block } } })}
                error={errorOf("scan.input.block")}
                readOnly={Boolean(why)}
              />
            </>
          )}
        </SettingsForm>
      </Section>
      <Section
        title="What targets answer"
        description="The first 64 KiB of an answer that is text. A finding never stops or changes the answer."
      >
        <SettingsForm
          label="Scan of answers"
          fields={["scan.tool_output.mode", "scan.tool_output.warn", "scan.tool_output.block", "scan.taint_minutes"]}
        >
          {({ settings: { scan }, set, errorOf, why }) => (
            <>
              <ModeRadios
                label="A suspicious answer"
                modes={OUTPUT_MODES}
                shipped={SHIPPED.output}
                value={scan.tool_output.mode}
                onChange={(mode) => set({ scan: { tool_output: { mode } } })}
                error={errorOf("scan.tool_output.mode")}
                readOnly={Boolean(why)}
              />
              <ThresholdInput
                label="Answers: record from"
                description="The finding stands in the action and in the ledger."
                value={scan.tool_output.warn}
                shipped={SHIPPED.warn}
                onChange={(warn) => set({ scan: { tool_output: { warn } } })}
                error={errorOf("scan.tool_output.warn")}
                readOnly={Boolean(why)}
              />
              <ThresholdInput
                label="Answers: taint the agent from"
                description="What it asks for next, other than reads, asks a human."
                value={scan.tool_output.block}
                shipped={SHIPPED.block}
                onChange={(block) => set({ scan: { tool_output: { block } } })}
                error={errorOf("scan.tool_output.block")}
                readOnly={Boolean(why)}
              />
              <NumberInput
                label="Minutes that an agent stays tainted"
                description={`After the last answer that tainted it, 1 to 10,080; as shipped ${SHIPPED.taintMinutes}. A restart of the gateway forgets it.`}
                value={scan.taint_minutes}
                onChange={(minutes) => set({ scan: { taint_minutes: Number(minutes) } })}
                error={errorOf("scan.taint_minutes")}
                readOnly={Boolean(why)}
                allowDecimal={false}
                thousandSeparator=","
                maw={420}
              />
            </>
          )}
        </SettingsForm>
      </Section>
      <Section
        title="Findings that were wrong"
        description={
          <>
            Operators mark a wrong finding at its action. Its text is kept, encrypted, as a case with the label benign.
            The file has a case a line, in plain text, for <Code>countersign scan eval</Code>.
          </>
        }
      >
        <Button
          component="a"
          href={CASES_PATH}
          download={CASES_NAME}
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
          style={{ alignSelf: "flex-start" }}
        >
          Download the cases
        </Button>
      </Section>
    </Stack>
  );
}
