// Builds the page: node build.mjs FOLDER. Nothing of it is committed; nothing of it asks another host.
import { build } from "esbuild";
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { mesh } from "topojson-client";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, "..", "src", "rampart", "serve", "static");
const packageFolder = (name) => join(here, "node_modules", ...name.split("/"));

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const result = await build({
  absWorkingDir: here,
  entryPoints: { main: "src/main.ts" },
  outdir: out,
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  minify: true,
  metafile: true,
  legalComments: "none",
  chunkNames: "[name]-[hash]",
  logLevel: "warning",
});
await build({
  absWorkingDir: here,
  stdin: { contents: '@import "./src/main.css";', loader: "css", resolveDir: here },
  outfile: join(out, "main.css"),
  bundle: true,
  minify: true,
  logLevel: "warning",
  loader: { ".svg": "dataurl" },
});
for (const name of ["index.html", "icon.svg"]) await cp(join(here, "src", name), join(out, name));

// Outlines: Natural Earth by way of world-atlas. Borders and coasts as lines, delta-coded in 1e-5 of the world.
const atlas = packageFolder("world-atlas");
const world = JSON.parse(await readFile(join(atlas, "countries-50m.json"), "utf8"));
const lines = mesh(world, world.objects.countries).coordinates.map((line) => {
  let [px, py] = [0, 0];
  return line.flatMap(([lon, lat]) => {
    const s = Math.sin((Math.max(-85, Math.min(85, lat)) * Math.PI) / 180);
    const x = Math.round((lon / 360 + 0.5) * 1e5);
    const y = Math.round((0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI)) * 1e5);
    const step = [x - px, y - py];
    [px, py] = [x, y];
    return step;
  });
});
await writeFile(join(out, "outlines.json"), JSON.stringify(lines));

// The worker of the tile map is a file of its own: the page may not make one from a string.
const maplibre = join(packageFolder("maplibre-gl"), "dist");
const worker = (await readdir(maplibre)).find((name) => name === "maplibre-gl-worker.mjs");
if (!worker) throw new Error("maplibre-gl has no maplibre-gl-worker.mjs: look what this version calls it");
await cp(join(maplibre, worker), join(out, worker));

// Licences of everything that is in the bundle.
const names = new Set(["world-atlas", "maplibre-gl"]);
for (const path of Object.keys(result.metafile.inputs)) {
  const at = path.lastIndexOf("node_modules/");
  if (at < 0) continue;
  const parts = path.slice(at + 13).split("/");
  names.add(parts[0].startsWith("@") ? `${parts[0]}/${parts[1]}` : parts[0]);
}
const texts = [];
for (const name of [...names].sort()) {
  const folder = join(here, "node_modules", name);
  const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const file = (await readdir(folder)).find((f) => /^(licen[sc]e|copying)/i.test(f));
  texts.push(`${name} ${version} (${license})\n\n${file ? await readFile(join(folder, file), "utf8") : license}`);
}
texts.push("Outlines: Natural Earth, public domain.");
await writeFile(join(out, "THIRD-PARTY-LICENSES.txt"), texts.join(`\n\n${"-".repeat(80)}\n\n`));
