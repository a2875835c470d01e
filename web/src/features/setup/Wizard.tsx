import { Button, Group, Stack, Stepper, Text } from "@mantine/core";
import { useRef, useState } from "react";
import { api, body, type Schemas } from "@/api/client";
import { asProblem } from "@/api/problem";
import { GatePage } from "@/features/sign-in/GatePage";
import { browserLabel } from "@/features/sign-in/ways";
import { ErrorNotice } from "@/ui/ErrorNotice";
import { checkOperatorName, type Draft, EMPTY, type Errors } from "./draft";
import { checkNewSecret } from "./NewSecretFields";
import { OperatorStep, Review, type StepProps, VaultStep, Welcome } from "./steps";
import { PASSPHRASE_MINIMUM, PASSWORD_MINIMUM } from "./strength";

export type SetUp = Schemas["SetUpView"];

const STEPS: readonly { name: string; part: (props: StepProps) => React.JSX.Element }[] = [
  { name: "Welcome", part: Welcome },
  { name: "Operator", part: OperatorStep },
  { name: "Vault", part: VaultStep },
  { name: "Review", part: Review },
];
const OPERATOR = 1;
const VAULT = 2;

/** Which step asks for a field that the gateway refused. */
const STEP_OF: Record<string, number> = { operator: OPERATOR, password: OPERATOR, passphrase: VAULT };

export interface WizardProps {
  token: string;
  needsPassphrase: boolean;
  store: string;
  onDone: (made: SetUp) => void;
  /** The address is dead. */
  onClosed: () => void;
  /** The token is wrong: how often it may still be tried stands in the text. */
  onWrongToken: (text: string) => void;
}

function check(step: number, draft: Draft, needsPassphrase: boolean): Errors {
  if (step === OPERATOR) {
    const operator = checkOperatorName(draft.operator);
    const found =
      draft.signIn === "password" ? checkNewSecret(draft.password, draft.passwordAgain, PASSWORD_MINIMUM) : {};
    return {
      ...(operator ? { operator } : {}),
      ...(found.secret ? { password: found.secret } : {}),
      ...(found.repeated ? { passwordAgain: found.repeated } : {}),
    };
  }
  if (step === VAULT && needsPassphrase) {
    const found = checkNewSecret(draft.passphrase, draft.passphraseAgain, PASSPHRASE_MINIMUM);
    if (!found.secret && draft.passphrase === draft.password) {
      return { passphrase: "This is your password: choose another, so that one of them does not open both." };
    }
    return {
      ...(found.secret ? { passphrase: found.secret } : {}),
      ...(found.repeated ? { passphraseAgain: found.repeated } : {}),
    };
  }
  return {};
}

/** From the one-time address to a gateway that runs. */
export function Wizard({ token, needsPassphrase, store, onDone, onClosed, onWrongToken }: WizardProps) {
  const [step, setStep] = useState(0);
  const [draft, setDraft] = useState<Draft>(EMPTY);
  const [errors, setErrors] = useState<Errors>({});
  const [failure, setFailure] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const [isTokenRight, setTokenRight] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const isLast = step === STEPS.length - 1;
  const { name = "", part: Part = Welcome } = STEPS[step] ?? {};

  const show = (found: Errors) => {
    setErrors(found);
    requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
  };
  const send = async (work: () => Promise<void>, onField: (field: string, message: string) => boolean) => {
    setBusy(true);
    setFailure(undefined);
    try {
      await work();
    } catch (error) {
      const { code, field, message } = asProblem(error);
      if (code === "setup_closed") onClosed();
      else if (code === "setup_token_invalid") onWrongToken(message);
      else if (!field || !onField(field, message)) setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  const make = () =>
    send(
      async () =>
        onDone(
          await body(
            api.POST("/api/v1/setup", {
              body: {
                token,
                operator: draft.operator,
                ...(draft.signIn === "password" ? { password: draft.password } : {}),
                ...(needsPassphrase ? { passphrase: draft.passphrase } : {}),
                store,
                label: browserLabel(),
              },
            }),
          ),
        ),
      (field, message) => {
        const at = STEP_OF[field];
        if (at === undefined) return false;
        setStep(at);
        show({ [field]: message });
        return true;
      },
    );
  // A draft without an operator is refused before anything is made, but after the token was looked at: a right one costs nothing, and a
  // wrong one costs the try that it would cost at the end.
  const tryToken = () =>
    send(
      async () => void (await api.POST("/api/v1/setup", { body: { token, operator: "" } })),
      (field) => {
        if (field !== "operator") return false;
        setTokenRight(true);
        setStep(OPERATOR);
        return true;
      },
    );
  const goOn = () => {
    const found = check(step, draft, needsPassphrase);
    show(found);
    if (Object.keys(found).length > 0) return;
    if (isLast) void make();
    else if (step === 0 && !isTokenRight) void tryToken();
    else setStep(step + 1);
  };
  return (
    <GatePage
      title={step === 0 ? "Set up your gateway" : name}
      description={`Step ${step + 1} of ${STEPS.length}`}
      width={560}
    >
      <Stepper active={step} size="xs" iconSize={26} visibleFrom="xs" allowNextStepsSelect={false}>
        {STEPS.map((each) => (
          <Stepper.Step key={each.name} label={each.name} allowStepSelect={false} />
        ))}
      </Stepper>
      <form
        ref={form}
        noValidate
        aria-label={name}
        onSubmit={(event) => {
          event.preventDefault();
          goOn();
        }}
      >
        <Stack gap="lg">
          <Part
            draft={draft}
            set={(change) => setDraft({ ...draft, ...change })}
            errors={errors}
            needsPassphrase={needsPassphrase}
            store={store}
          />
          {failure !== undefined && <ErrorNotice error={failure} />}
          {isBusy && isLast && (
            <Text size="sm" role="status">
              Making the vault, the store and the ledger: a few seconds.
            </Text>
          )}
          <Group justify="space-between">
            {step > 0 ? (
              <Button variant="default" onClick={() => setStep(step - 1)} disabled={isBusy}>
                Back
              </Button>
            ) : (
              <span />
            )}
            <Button type="submit" loading={isBusy}>
              {isLast ? "Set up" : "Continue"}
            </Button>
          </Group>
        </Stack>
      </form>
    </GatePage>
  );
}
