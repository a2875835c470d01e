// Writes src/api/schema.d.ts from docs/openapi.json; with --check says whether it is up to date instead.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const web = dirname(dirname(fileURLToPath(import.meta.url)));
const generator = join(web, "codegen/node_modules/.bin/openapi-typescript");
const output = join(web, "src/api/schema.d.ts");

if (!existsSync(generator)) {
  execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--silent"], { cwd: join(web, "codegen"), stdio: "inherit" });
}
const types = execFileSync(generator, [join(web, "../docs/openapi.json"), "--alphabetize"], { encoding: "utf8" });
if (process.argv.includes("--check")) {
  if (!existsSync(output) || readFileSync(output, "utf8") !== types) {
    console.error("web/src/api/schema.d.ts is not what docs/openapi.json says: run `npm run codegen` in web/");
    process.exit(1);
  }
} else {
  writeFileSync(output, types);
}
