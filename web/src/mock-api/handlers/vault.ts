import type { Schemas } from "@/api/client";
import { db, record } from "../db";
import { caller } from "../guard";
import { invalid, Refusal } from "../problem";
import { read, route } from "../route";

const open = { locked: false, passphrase_source: "prompt", rekeyed_at: null } satisfies Schemas["VaultStatus"];

export const vaultHandlers = [
  route("get", "/api/v1/vault", ({ request }) => {
    caller(request, "config_read");
    return open;
  }),
  route("post", "/api/v1/vault/unlock", async ({ request }) => {
    const { passphrase } = await read<Schemas["UnlockBody"]>(request, ["passphrase"]);
    if (!db.isLocked) return open;
    if (passphrase !== db.passphrase) {
      throw new Refusal(401, "wrong_passphrase", "the passphrase is wrong: the gateway stays locked");
    }
    db.isLocked = false;
    return open;
  }),
  route("post", "/api/v1/vault/rekey", async ({ request }) => {
    const { actor } = caller(request, "vault_manage");
    const body = await read<Schemas["RekeyBody"]>(request, ["current", "new"]);
    if ([...(body.new ?? "")].length < 14) {
      throw invalid("new", "the passphrase has fewer than 14 characters: choose a longer one");
    }
    if (body.current !== db.passphrase) {
      record("vault.rekey_failed", { actor, outcome: "wrong_passphrase" });
      throw new Refusal(403, "wrong_passphrase", "the old passphrase is wrong: nothing was changed");
    }
    db.passphrase = body.new;
    record("vault.rekeyed", { actor });
  }),
];
