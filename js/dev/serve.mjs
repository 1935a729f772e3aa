// Serves the development page at http://127.0.0.1:8011 and bundles it anew on every load.
// Its address takes traits (?view=links&unit=word&theme=dark) and `case`, a name of cases.ts.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const context = await esbuild.context({
  absWorkingDir: here,
  entryPoints: [
    { in: "main.ts", out: "main" },
    { in: join(here, "../src/style.css"), out: "style" },
  ],
  outdir: join(here, "out"),
  write: false,
  bundle: true,
  format: "esm",
  sourcemap: "inline",
  jsx: "automatic",
  jsxImportSource: "preact",
  target: ["chrome120", "firefox117", "safari17.2"],
});
const { port } = await context.serve({ host: "127.0.0.1", port: 8011, servedir: here });
console.log(`http://127.0.0.1:${port}/`);
