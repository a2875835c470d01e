import { describe, expect, it } from "vitest";
import { firstLoad } from "./first-load";

const bundle = {
  "index.js": { type: "chunk", isEntry: true, imports: ["react.js"], moduleIds: ["/web/src/main.tsx"] },
  "react.js": { type: "chunk", imports: [], moduleIds: ["/web/node_modules/react.js"] },
  "room.js": { type: "chunk", imports: ["list.js", "index.js"], moduleIds: ["/web/src/Room.tsx"] },
  "list.js": { type: "chunk", imports: ["list.js"], moduleIds: ["/web/src/List.tsx"] },
  "dialog.js": { type: "chunk", imports: ["react.js"], moduleIds: ["/web/src/Dialog.tsx"] },
  "index.css": { type: "asset" },
} as const;

describe("the script of a first load", () => {
  it("is the entry, the room, and what they import, each once", () => {
    expect(firstLoad(bundle, "/src/Room.tsx").sort()).toEqual(["index.js", "list.js", "react.js", "room.js"]);
  });

  it("is not counted too small where the room is not found", () => {
    expect(() => firstLoad(bundle, "/src/Renamed.tsx")).toThrow(/no script holds/);
  });
});
