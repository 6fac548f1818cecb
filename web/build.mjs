// Builds web/static: scripts, styles, fonts, pictures and icons, under names that change with their content.
//   node build.mjs           build once
//   node build.mjs --check   build, print the sizes and fail where one is over its budget
//   node build.mjs --watch   build again whenever a source changes
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, watch, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import * as sass from "sass";
import { iconDrawing, iconsNamedIn } from "./icons.mjs";

const web = dirname(fileURLToPath(import.meta.url));
const root = dirname(web);
const target = join(web, "static");
const icons = join(web, "node_modules/lucide-static/icons");

/** gzipped bytes; the design's numbers. A page is its styles, script, font and pictures together. */
const budgets = { page: 60_000, roomScript: 220_000 };

const sources = (folder, pattern) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true })
        .map(String)
        .filter((name) => pattern.test(name) && !name.includes("node_modules"))
        .sort()
        .map((name) => join(folder, name))
    : [];

const iconPlugin = {
  name: "icons",
  setup: (build) =>
    build.onLoad({ filter: /lucide-static[\\/]icons[\\/].*\.svg$/ }, ({ path }) => ({
      contents: iconDrawing(path),
      loader: "text",
    })),
};

const sassPlugin = {
  name: "sass",
  setup: (build) =>
    build.onLoad({ filter: /\.scss$/ }, ({ path }) => ({
      contents: sass.compile(path, { loadPaths: [join(web, "node_modules")], quietDeps: true }).css,
      loader: "css",
      resolveDir: dirname(path),
    })),
};

/** The texts a script may show: the arguments of t("…") and ngettext("…", "…", n) in every file it is made of. */
function textsOf(files) {
  const found = new Set();
  const quoted = '"((?:[^"\\\\]|\\\\.)*)"';
  for (const file of files) {
    const source = readFileSync(file, "utf8");
    for (const [, text] of source.matchAll(new RegExp(`\\bt\\(\\s*${quoted}`, "g"))) found.add(JSON.parse(`"${text}"`));
    for (const [, one] of source.matchAll(new RegExp(`\\bngettext\\(\\s*${quoted}`, "g"))) found.add(JSON.parse(`"${one}"`));
  }
  return [...found].sort();
}

/** Every output a script draws in, at once (`import`) or later (`import()`). */
function reached(outputs, start, kinds) {
  const seen = new Set([start]);
  for (const name of seen) {
    for (const { path, kind } of outputs[name]?.imports ?? []) if (kinds.includes(kind)) seen.add(path);
  }
  return [...seen];
}

async function build() {
  const staging = `${target}.new`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  const files = {};
  const texts = {};
  const preload = {};
  const common = { absWorkingDir: web, bundle: true, minify: true, outdir: staging, metafile: true, write: true, logLevel: "warning" };

  const scripts = await esbuild.build({
    ...common,
    entryPoints: sources(join(web, "src/pages"), /^[^/]+(?<!\.test|\.d)\.ts$/),
    format: "esm",
    splitting: true,
    target: ["es2022"],
    entryNames: "[name]-[hash]",
    chunkNames: "part-[hash]",
    plugins: [iconPlugin],
    legalComments: "linked",
  });
  // A worker is one file of its own: it shares nothing with the page but its messages.
  const workers = await esbuild.build({
    ...common,
    entryPoints: sources(join(web, "src/workers"), /^[^/]+(?<!\.test|\.d)\.ts$/),
    format: "iife",
    target: ["es2022"],
    entryNames: "[name]-[hash]",
    legalComments: "linked",
  });
  const styles = await esbuild.build({
    ...common,
    entryPoints: sources(join(web, "styles"), /^[^_/][^/]*\.(css|scss)$/),
    entryNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    loader: { ".woff2": "file", ".svg": "file" },
    external: ["/assets/*"], // nhsuk-frontend names icons of a logo we leave out
    plugins: [sassPlugin],
  });
  const { outputs } = scripts.metafile;
  for (const [path, output] of Object.entries(outputs)) {
    if (!output.entryPoint) continue;
    const name = `${basename(output.entryPoint, ".ts")}.js`;
    files[name] = basename(path);
    const all = reached(outputs, path, ["import-statement", "dynamic-import"]);
    const ours = all.flatMap((part) => Object.keys(outputs[part]?.inputs ?? {})).filter((input) => input.startsWith("src/"));
    texts[name] = textsOf([...new Set(ours)].map((input) => join(web, input)));
    preload[name] = reached(outputs, path, ["import-statement"]).slice(1).map((part) => basename(part));
  }
  for (const [path, output] of Object.entries(workers.metafile.outputs)) {
    if (output.entryPoint) files[`${basename(output.entryPoint, ".ts")}.js`] = basename(path);
  }
  for (const [path, output] of Object.entries(styles.metafile.outputs)) {
    if (output.entryPoint) files[`${basename(output.entryPoint, extname(output.entryPoint))}.css`] = basename(path);
    else if (extname(path) === ".woff2") files[Object.keys(output.inputs).map((input) => basename(input))[0]] = basename(path);
  }
  for (const path of sources(join(web, "images"), /\.(svg|png|webp)$/)) {
    const content = readFileSync(path);
    const hash = createHash("sha256").update(content).digest("base64url").slice(0, 8).replace(/[-_]/g, "0");
    const name = relative(join(web, "images"), path);
    files[name] = `${basename(name, extname(name))}-${hash}${extname(name)}`;
    writeFileSync(join(staging, files[name]), content);
  }
  for (const name of readdirSync(staging)) {
    if (!/\.(js|css|svg)$/.test(name)) continue;
    writeFileSync(join(staging, `${name}.gz`), gzipSync(readFileSync(join(staging, name)), { level: 9 }));
  }
  const pages = [...sources(join(web, "templates"), /\.html$/), ...sources(join(root, "signaling/pages"), /\.py$/)];
  writeFileSync(join(staging, "icons.json"), JSON.stringify(iconsNamedIn(pages.map((path) => readFileSync(path, "utf8")), icons)));
  writeFileSync(join(staging, "manifest.json"), `${JSON.stringify({ files, preload, texts }, null, 1)}\n`);
  rmSync(target, { recursive: true, force: true });
  renameSync(staging, target);
  return { files, preload };
}

const zipped = (name) => gzipSync(readFileSync(join(target, name)), { level: 9 }).length;

/** Prints what each page script costs with the styles and font it can need; returns the ones over budget. */
function check({ files, preload }) {
  const over = [];
  const report = (name, bytes, budget) => {
    console.log(`${String(bytes).padStart(8)} of ${budget}  ${name}`);
    if (bytes > budget) over.push(name);
  };
  for (const [name, file] of Object.entries(files)) {
    if (!name.endsWith(".js") || !preload[name]) continue;
    const parts = [file, ...preload[name], ...(name === "room.js" ? [files["encryption_worker.js"]] : [])];
    const bytes = parts.reduce((sum, part) => sum + zipped(part), 0);
    report(name, bytes, name.startsWith("room") ? budgets.roomScript : budgets.page / 2);
  }
  for (const [name, file] of Object.entries(files)) if (name.endsWith(".css")) report(name, zipped(file), budgets.page / 3);
  return over;
}

const built = await build();
if (process.argv.includes("--check")) {
  const over = check(built);
  if (over.length > 0) {
    console.error(`over budget: ${over.join(", ")}`);
    process.exitCode = 1;
  }
}
if (process.argv.includes("--watch")) {
  let pending;
  for (const folder of ["src", "styles", "templates", "images"]) {
    watch(join(web, folder), { recursive: true }, () => {
      clearTimeout(pending);
      pending = setTimeout(() => build().catch((error) => console.error(error.message)), 100);
    });
  }
}
