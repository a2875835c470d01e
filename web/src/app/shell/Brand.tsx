import { Group, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import classes from "./shell.module.css";

export function Brand() {
  return (
    <Link to="/dashboard" className={classes.brand} aria-label="Countersign: Home">
      <Group gap={8} wrap="nowrap">
        <img src="/favicon.svg" width={22} height={22} alt="" />
        <Text fw={650} visibleFrom="xs">
          Countersign
        </Text>
      </Group>
    </Link>
  );
}
