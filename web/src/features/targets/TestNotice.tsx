import { Alert } from "@mantine/core";
import { IconPlugConnected, IconPlugConnectedX } from "@tabler/icons-react";
import { Time } from "@/ui/Time";
import { Untrusted } from "@/ui/Untrusted";
import type { TestResult } from "./connectionTest";

/** What a connection test found, in words. */
export function TestNotice({ test }: { test: TestResult }) {
  return (
    <Alert
      role="status"
      variant="light"
      color={test.isOk ? "teal" : "red"}
      icon={test.isOk ? <IconPlugConnected /> : <IconPlugConnectedX />}
      title={test.isOk ? "The target answers" : "The target was not reached"}
    >
      <Untrusted text={test.detail} /> (tested <Time value={test.at} />, without its credential)
    </Alert>
  );
}
