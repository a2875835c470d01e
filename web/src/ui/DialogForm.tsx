import { Button, Group, Stack } from "@mantine/core";
import { type ReactNode, useRef, useState } from "react";
import { asProblem } from "@/api/problem";
import { ErrorNotice } from "./ErrorNotice";

/** What is wrong, by the name of the field. */
export type FieldErrors = Record<string, string>;
/** What to show at a field. */
export type ErrorOf = (field: string) => string | undefined;

export interface DialogFormProps {
  /** The word on the button: a verb. */
  verb: string;
  onSubmit: () => Promise<unknown>;
  onCancel: () => void;
  /** What can be told to be wrong before anything is sent. */
  check?: () => FieldErrors;
  /** Whether the form shows this field, so that an error can stand there instead of at the end. */
  shows: (field: string) => boolean;
  children: (errorOf: ErrorOf) => ReactNode;
  color?: string;
  cancel?: string;
}

/** The inside of a dialog that asks for something: fields, what is wrong with them, and the buttons. */
export function DialogForm({
  verb,
  onSubmit,
  onCancel,
  check,
  shows,
  children,
  color,
  cancel = "Cancel",
}: DialogFormProps) {
  const form = useRef<HTMLFormElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [errors, setErrors] = useState<FieldErrors>({});
  const [failure, setFailure] = useState<unknown>();

  const show = (found: FieldErrors) => {
    setErrors(found);
    requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
  };
  const submit = async () => {
    setFailure(undefined);
    const found = check?.() ?? {};
    show(found);
    if (Object.keys(found).length > 0) return;
    setBusy(true);
    try {
      await onSubmit();
    } catch (error) {
      const { field, message } = asProblem(error);
      if (field && shows(field)) show({ [field]: message });
      else setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      ref={form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        event.stopPropagation();
        void submit();
      }}
    >
      <Stack gap="md">
        {children((field) => errors[field])}
        {failure !== undefined && <ErrorNotice error={failure} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onCancel}>
            {cancel}
          </Button>
          <Button type="submit" color={color} loading={isBusy}>
            {verb}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
