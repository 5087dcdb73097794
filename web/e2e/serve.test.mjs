// The live service beside a radar that is fed from this machine: what leaves it and what it shows.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createSocket } from "node:dgram";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { after, before, test } from "node:test";
import { open, root, service, until } from "./rig.mjs";

let run;
let view;
let port;
let feed;

before(async () => {
  port = await new Promise((done) => {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1", () => {
      const free = socket.address().port;
      socket.close(() => done(free));
    });
  });
  const map = join(process.env.TMPDIR ?? "/tmp", `rampart-e2e-${process.pid}.pmtiles`);
  writeFileSync(map, oneTile());
  run = await service("serve", "examples/embassy.toml", "--dev", "--port", "0", "--no-state", "--map", map, "--set", `feed.radar.address="udp://127.0.0.1:${port}"`);
  view = await open(run.link);
});
after(async () => {
  feed?.kill("SIGTERM");
  await view?.browser.close();
  await run?.stop();
});

test("a service in shadow mode says so, and a sensor that never spoke is not shown as well", async () => {
  await until(async () => (await view.words("#mode")) === "SHADOW", 30);
  const health = await (await fetch(new URL("/healthz", run.link))).json();
  assert.equal(health.mode, "shadow");
  assert.equal(health.status, "degraded");
});

test("bytes of a radar become tracks, an alarm and lit zones on the map", async () => {
  const python = process.env.RAMPART_PYTHON ?? join(root, ".venv", "bin", "python");
  feed = spawn(python, ["-m", "rampart", "feed", "embassy-rockets", "--seed", "7", "--to", `udp://127.0.0.1:${port}`], { cwd: root, stdio: "ignore" });
  await until(async () => (await view.ask("stats")).drawn > 0, 150);
  await until(async () => (await view.ask("zones")).north === "shelter", 60);
  await until(() => view.page.evaluate(() => !!document.querySelector("#alarms li.critical")), 20);
  await view.picture("serve-shadow");
});

test("what the radar saw of what it looked at lies on the map beside its data sheet, by key and by link", async () => {
  await view.page.keyboard.press("0");
  await until(async () => (await view.ask("observed"))[0] > 3, 30);
  await until(() => view.page.evaluate(() => new URLSearchParams(location.search).get("on") === "observed"), 5);
  await view.picture("serve-observed");
  await view.page.keyboard.press("0");
  await until(() => view.page.evaluate(() => !new URLSearchParams(location.search).has("on")), 5);
});

test("a feed that stops is an alarm, and the zones are shown as not watched", async () => {
  feed.kill("SIGTERM");
  await until(() => view.page.evaluate(() => [...document.querySelectorAll("#alarms li.high b")].some((b) => /STALE|DOWN/.test(b.textContent))), 60);
  await until(() => view.page.evaluate(() => /UNWATCHED|NOT WATCHED/.test(document.querySelector("#zones").textContent)), 30);
  await view.picture("serve-feed-lost");
});

test("a map of one's own lies beneath, and nothing comes from elsewhere", async () => {
  await until(() => view.page.evaluate(() => !!document.querySelector("#tiles canvas") || /No base map/.test(document.querySelector("#map-note").textContent)), 30);
  assert.ok(await view.page.evaluate(() => !!document.querySelector("#tiles canvas")), await view.words("#map-note"));
  assert.deepEqual(view.faults, []);
});

/** A PMTiles archive, version 3, with one grey tile for the whole world. */
function oneTile() {
  const tile = png(8, 8, [70, 80, 90]);
  const meta = Buffer.from("{}");
  const directory = Buffer.from([1, 0, 1, ...varint(tile.length), 1]); // entries, tile id, run length, length, offset + 1
  const head = Buffer.alloc(127);
  head.write("PMTiles", 0);
  head[7] = 3;
  const u64 = (at, value) => head.writeBigUInt64LE(BigInt(value), at);
  [[8, 127], [16, directory.length], [24, 127 + directory.length], [32, meta.length], [40, 127 + directory.length + meta.length], [48, 0], [56, 127 + directory.length + meta.length], [64, tile.length], [72, 1], [80, 1], [88, 1]].forEach(([at, value]) => u64(at, value));
  head[96] = 1; // clustered
  head[97] = 1; // directories are not packed
  head[98] = 1; // nor are tiles
  head[99] = 2; // PNG
  head[100] = 0;
  head[101] = 0;
  [[102, -1800000000], [106, -850000000], [110, 1800000000], [114, 850000000]].forEach(([at, value]) => head.writeInt32LE(value, at));
  return Buffer.concat([head, directory, meta, tile]);
}

function varint(value) {
  const out = [];
  for (; value > 127; value = Math.floor(value / 128)) out.push((value % 128) + 128);
  return [...out, value];
}

function png(width, height, rgb) {
  const table = Array.from({ length: 256 }, (_, n) => {
    for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n >>> 0;
  });
  const crc = (octets) => (octets.reduce((c, b) => table[(c ^ b) & 255] ^ (c >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0;
  const chunk = (name, data) => {
    const body = Buffer.concat([Buffer.from(name), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc(body), body.length + 4);
    return out;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  [head[8], head[9]] = [8, 2];
  const row = Buffer.from([0, ...Array.from({ length: width }, () => rgb).flat()]);
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk("IHDR", head),
    chunk("IDAT", deflateSync(Buffer.concat(Array.from({ length: height }, () => row)))), chunk("IEND", Buffer.alloc(0)),
  ]);
}
