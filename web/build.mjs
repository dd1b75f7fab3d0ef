// One script, its styles inside it, for the package: node build.mjs [FOLDER]. `--watch` builds again at every change.
import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, context } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const named = process.argv.slice(2).filter((one) => !one.startsWith("--"));
const out = named[0] ?? join(here, "..", "src", "hitherto", "studio", "static");
const options = {
  absWorkingDir: here,
  entryPoints: ["src/main.ts"],
  outfile: join(out, "studio.js"),
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  loader: { ".css": "text" },
  legalComments: "none",
  charset: "utf8",
};

mkdirSync(out, { recursive: true });
copyFileSync(join(here, "src", "index.html"), join(out, "index.html"));
if (process.argv.includes("--watch")) await (await context(options)).watch();
else await build(options);
