// Bundles src/ into siamviz/static/. With --watch, again after every change.
import { mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const LIMIT = 120 * 1024;
/** Long names of our own properties that no trait, message, file or element has. */
const OURS = `blockSum choices columnBars columnLabels columnRules columns columnSums cycleUnit
  keyboard labelA labelB layerList lockedLimit modelName nextStrongest otherPicture picture pinBlock
  pinCell pinSums pinToken rowBars rowLabel rowRules rowSums similarities themeChoice uncertain
  viewHeight viewWidth visible`;
const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "siamviz", "static");
const watch = process.argv.includes("--watch");

function report() {
  const sizes = ["siamviz.js", "siamviz.css"].map((name) => [name, statSync(join(out, name)).size]);
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  const kib = (size) => `${(size / 1024).toFixed(1)} KiB`;
  const parts = sizes.map(([name, size]) => `${name} ${kib(size)}`).join(" + ");
  console.log(`${parts} = ${kib(total)} of at most ${kib(LIMIT)}`);
  return total <= LIMIT;
}

const reporter = {
  name: "report",
  setup: (build) =>
    build.onEnd((result) => {
      if (result.errors.length === 0 && !report() && !watch) {
        return { errors: [{ text: `The bundle exceeds ${LIMIT / 1024} KiB.` }] };
      }
    }),
};

const context = await esbuild.context({
  absWorkingDir: here,
  entryPoints: [
    { in: "src/index.ts", out: "siamviz" },
    { in: "src/style.css", out: "siamviz" },
  ],
  outdir: out,
  bundle: true,
  format: "esm",
  target: ["chrome120", "firefox117", "safari17.2"],
  tsconfigRaw: "{}",
  jsx: "transform",
  jsxFactory: "h",
  jsxFragment: "Fragment",
  inject: ["src/jsx.ts"],
  charset: "utf8",
  legalComments: "none",
  minify: true,
  mangleProps: new RegExp(`^(${OURS.replace(/\s+/g, "|")})$`),
  logLevel: "info",
  plugins: [reporter],
});

mkdirSync(out, { recursive: true });
if (watch) {
  await context.watch();
} else {
  try {
    await context.rebuild();
  } catch {
    process.exitCode = 1;
  }
  await context.dispose();
}
