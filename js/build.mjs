// Bundles src/ into siamviz/static/. With --watch, again after every change.
import { mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const LIMIT = 120 * 1024;
const EXPLORER_LIMIT = 60 * 1024;
const REPORT_LIMIT = 160 * 1024;
const STORY_LIMIT = 160 * 1024;
/** Long names of our own properties that no trait, message, file or element has. */
const OURS = `blockSum choices columnBars columnLabels columnRules columns columnSums cycleUnit
  keyboard labelA labelB layerList lockedLimit modelName nextStrongest otherPicture picture pinBlock
  pinCell pinSums pinToken rowBars rowLabel rowRules rowSums similarities themeChoice uncertain
  viewHeight viewWidth visible`;
const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "siamviz", "static");
const watch = process.argv.includes("--watch");

function report(name, limit) {
  const files = [`${name}.js`, `${name}.css`];
  const sizes = files.map((file) => [file, statSync(join(out, file)).size]);
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  const kib = (size) => `${(size / 1024).toFixed(1)} KiB`;
  const parts = sizes.map(([file, size]) => `${file} ${kib(size)}`).join(" + ");
  console.log(`${parts} = ${kib(total)} of at most ${kib(limit)}`);
  return total <= limit;
}

const reporter = (name, limit) => ({
  name: "report",
  setup: (build) =>
    build.onEnd((result) => {
      if (result.errors.length === 0 && !report(name, limit) && !watch) {
        return { errors: [{ text: `The bundle ${name} exceeds ${limit / 1024} KiB.` }] };
      }
    }),
});

const common = {
  absWorkingDir: here,
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
  logLevel: "info",
};

const bundles = [
  {
    entryPoints: [
      { in: "src/index.ts", out: "siamviz" },
      { in: "src/style.css", out: "siamviz" },
    ],
    mangleProps: new RegExp(`^(${OURS.replace(/\s+/g, "|")})$`),
    plugins: [reporter("siamviz", LIMIT)],
  },
  {
    entryPoints: [
      { in: "src/explorer/index.ts", out: "explorer" },
      { in: "src/explorer/style.css", out: "explorer" },
    ],
    plugins: [reporter("explorer", EXPLORER_LIMIT)],
  },
  {
    entryPoints: [
      { in: "src/report/index.ts", out: "report" },
      { in: "src/report/style.css", out: "report" },
    ],
    plugins: [reporter("report", REPORT_LIMIT)],
  },
  {
    entryPoints: [
      { in: "src/story/index.tsx", out: "story" },
      { in: "src/story/style.css", out: "story" },
    ],
    plugins: [reporter("story", STORY_LIMIT)],
  },
];

mkdirSync(out, { recursive: true });
for (const bundle of bundles) {
  const context = await esbuild.context({ ...common, ...bundle });
  if (watch) {
    await context.watch();
  } else {
    await context.rebuild().catch(() => {
      process.exitCode = 1;
    });
    await context.dispose();
  }
}
