// Units of the page, without a browser: bundled as the page is, then asked.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const here = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = await mkdtemp(join(here, "node_modules", ".units-"));
const load = async (name) => {
  const outfile = join(folder, `${name}.mjs`);
  await build({ absWorkingDir: here, entryPoints: [`src/${name}.ts`], outfile, bundle: true, format: "esm", platform: "node", logLevel: "silent" });
  return import(pathToFileURL(outfile).href);
};
const [filter, geo, model, state] = await Promise.all(["filter", "geo", "model", "state"].map(load));
await rm(folder, { recursive: true, force: true });

/** Numbers that look random and are the same each time. */
function dice(seed) {
  let s = seed >>> 0;
  return () => ((s = (Math.imul(s, 1664525) + 1013904223) >>> 0) / 2 ** 32);
}

function anyTrack(r, id) {
  return { id, cls: Math.floor(9 * r()), x: r(), u: 8000 * r() - 100, e: 40000 * (r() - 0.5), n: 40000 * (r() - 0.5), sensors: Math.floor(16 * r()), prediction: r() < 0.5 ? {} : null };
}
function anyFilter(r) {
  const f = filter.everything();
  for (const name of model.CLASSES) if (r() < 0.5) f.classes.add(name);
  f.existence = 2 * r();
  f.above_m = r() < 0.5 ? -Infinity : 9000 * r();
  f.below_m = r() < 0.5 ? Infinity : -100 + 5000 * r();
  f.within_m = r() < 0.5 ? Infinity : 30000 * r();
  f.threats = r() < 0.5;
  f.sensor = Math.floor(5 * r()) - 1;
  f.id = ["", "T1", "[", "never", "T\\d$"][Math.floor(5 * r())];
  return f;
}

test("no filter ever hides a track that an alarm is about", () => {
  const r = dice(1);
  let hidden = 0;
  for (let i = 0; i < 20_000; i++) {
    const track = anyTrack(r, i);
    const f = anyFilter(r);
    assert.ok(filter.visible(f, track, new Set([i])));
    hidden += !filter.visible(f, track, new Set());
  }
  assert.ok(hidden > 5000); // filters do hide others
});

test("every view comes back from its address", () => {
  globalThis.location = { pathname: "/" };
  const r = dice(2);
  for (let i = 0; i < 500; i++) {
    const choice = state.read("");
    choice.filter = anyFilter(r);
    for (const name of Object.keys(choice.layers)) choice.layers[name] = r() < 0.5;
    Object.assign(choice, { site: "embassy", theme: ["dark", "light", "contrast"][i % 3], selected: i % 7 ? -1 : i, zone: i % 5 ? "" : "north", follow: i % 2 === 0, drawer: i % 3 ? "" : "log" });
    const back = state.read(state.write(choice));
    assert.deepEqual(back, choice);
  }
  for (const nonsense of ["?theme=pink&off=no.such&t=x&at=1,2&sensor=abc&hide=.", "?at=a,b,c&exist=NaN"]) assert.equal(state.read(nonsense).theme, "dark");
});

test("the site's plane and the map agree, there and back, to a millimetre", () => {
  const plane = new geo.Plane(33.3, 44.39);
  const r = dice(3);
  for (let i = 0; i < 1000; i++) {
    const [e, n] = [60000 * (r() - 0.5), 60000 * (r() - 0.5)];
    const back = plane.plane(plane.world(e, n));
    assert.ok(Math.hypot(back.e - e, back.n - n) < 1e-3);
  }
  const north = plane.geodetic(0, 10000);
  assert.ok(Math.abs(north.lat - 33.390163) < 1e-6, String(north.lat)); // the meridian curves with 6354.66 km here: 110.910 km per degree
  assert.ok(Math.abs(north.lon - 44.39) < 1e-9);
});

test("a zoom holds the place under the pointer", () => {
  const camera = new geo.Camera(geo.project(33.3, 44.39), 12);
  [camera.width, camera.height] = [800, 600];
  const at = { x: 123, y: 456 };
  const before = camera.toWorld(at);
  camera.zoomAt(at, 1.7);
  const after = camera.toScreen(before);
  assert.ok(Math.hypot(after.x - at.x, after.y - at.y) < 1e-6);
});

test("a gap in the frames is found, a snapshot mends it", () => {
  const raw = { id: "s", name: "s", lat_deg: 33, lon_deg: 44, zones: [], sensors: [] };
  const m = new model.Model([model.ground(raw)]);
  const table = (ids, removed = []) => ({ tracks: { n: ids.length, removed, columns: { id: ids, t: ids.map(() => 0), e: ids, n: ids, u: ids, ve: ids, vn: ids, vu: ids } } });
  const frame = (kind, seq, tables, base) => ({ head: { kind, seq, base, site: "s", mode: "shadow", t: seq }, tables });
  assert.ok(m.apply(frame("snapshot", 5, table([1, 2]))));
  assert.ok(m.apply(frame("delta", 6, table([3], [1]), 5)));
  assert.deepEqual([...m.sites.get("s").tracks.keys()], [2, 3]);
  assert.ok(!m.apply(frame("delta", 8, table([4]), 7)));
  assert.ok(m.apply(frame("snapshot", 8, table([4]))));
  assert.deepEqual([...m.sites.get("s").tracks.keys()], [4]);
});

test("the most urgent alarm stands first, and what is over last", () => {
  const alarm = (id, priority, alarmState, raised_ms) => ({ id, priority, state: alarmState, raised_ms });
  const list = [alarm("a", "low", "unacknowledged", 9), alarm("b", "critical", "returned", 8), alarm("c", "critical", "acknowledged", 1), alarm("d", "high", "unacknowledged", 7)];
  assert.deepEqual(model.sorted(list).map((a) => a.id), ["c", "d", "a", "b"]);
});
