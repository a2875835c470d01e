import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { db } from "@/mock-api/db";
import { uuid } from "@/mock-api/ids";
import { render } from "@/mock-api/render";
import { signInAs } from "@/mock-api/seed";
import { ActorName } from "./ActorName";

describe("names", () => {
  it("are known for the agents behind the first page of the list, too", async () => {
    signInAs("viewer");
    const [one] = db.agents;
    if (!one) throw new Error("the seed has changed");
    for (let count = 0; count < 401; count += 1) db.agents.push({ ...one, id: uuid(), name: `agent-${count}` });
    await render(<ActorName actor={`agent:${db.agents.at(-1)?.id}`} />);
    expect(await screen.findByText("agent-400")).toBeInTheDocument();
  });

  it("are taken from the gateway where it says them", async () => {
    signInAs("viewer");
    await render(<ActorName actor={`operator:${uuid()}`} name="gone-since" />);
    expect(await screen.findByText("gone-since")).toBeInTheDocument();
  });
});
