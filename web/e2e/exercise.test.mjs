// A raid on the display, answered by keyboard alone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { open, service, until } from "./rig.mjs";

let run;
let view;

before(async () => {
  run = await service("exercise", "embassy-rockets", "--seed", "7", "--display", "--port", "0", "--json", "--stay-s", "600", "--out", "{folder}");
  view = await open(run.link);
});
after(async () => {
  await view?.browser.close();
  await run?.stop();
});

const press = (...keys) => keys.reduce((before_, key) => before_.then(() => view.page.keyboard.press(key)), Promise.resolve());
const alarm = (selector = "#alarms li") => view.page.evaluate((s) => document.querySelector(s)?.className ?? "", selector);

test("the page opens with an EXERCISE frame, and the token is gone from the address", async () => {
  await until(async () => (await view.words("#mode")) === "EXERCISE");
  assert.equal(await view.page.evaluate(() => document.body.dataset.mode), "exercise");
  assert.ok(!(await view.page.evaluate(() => location.href)).includes("token"));
  assert.ok((await view.ask("firstPicture")) > 0);
});

test("sound is off until somebody arms it", async () => {
  assert.equal((await view.ask("sound")).gate, "off");
  assert.match(await view.words("#sound"), /OFF/);
  await press("s");
  await until(async () => (await view.ask("sound")).state === "running");
  assert.equal((await view.ask("sound")).gate, "armed");
});

test("the raid arrives: tracks, one alarm, a lit zone, and it can be heard", async () => {
  await until(async () => (await view.ask("stats")).drawn > 0, 90);
  await until(async () => /critical unacknowledged/.test(await alarm("#alarms li.critical")), 60);
  await until(async () => (await view.ask("sound")).playing === "critical");
  const { tones } = await view.ask("sound");
  await until(async () => (await view.ask("sound")).tones > tones);
  await until(async () => (await view.ask("zones")).north === "shelter");
  assert.match(await view.words("#banner"), /EXERCISE\s+SHELTER/);
  await view.picture("raid-dark");
});

test("no filter hides what an alarm is about", async () => {
  await press("/");
  await view.page.keyboard.type("no such track");
  await press("Escape");
  await new Promise((go) => setTimeout(go, 600));
  const stats = await view.ask("stats");
  const alarmed = await view.page.evaluate(() => document.querySelectorAll("#x-shots .shot").length);
  assert.ok(stats.drawn >= Math.min(1, alarmed), JSON.stringify(stats));
  assert.ok(stats.drawn > 0);
  await view.page.fill("#f-id", "");
  await press("Escape");
});

test("an alarm is acknowledged by keyboard, and falls silent", async () => {
  await press("j", "a");
  await until(async () => /acknowledged/.test(await alarm("#alarms li.critical")) && !/unacknowledged/.test(await alarm("#alarms li.critical")), 15);
  // a sensor or zone may have an alarm of its own: answer all of them
  await until(async () => {
    if ((await view.ask("sound")).playing === null) return true;
    await press("j", "a");
    return false;
  }, 30);
});

test("a simulated shot is released and another withheld by keyboard", async () => {
  await until(() => view.page.evaluate(() => !!document.querySelector("#x-shots .shot")), 30);
  await press("e");
  await until(() => view.page.evaluate(() => [...document.querySelectorAll("#x-shots .shot")].some((s) => !["waiting", "withheld"].includes(s.dataset.state))), 30);
});

test("a decision needs a reason and a confirmation", async () => {
  await press("j", "o");
  await until(() => view.page.evaluate(() => document.querySelector("#decide").open));
  assert.match(await view.words("#decide-words"), /EXERCISE/);
  await press("Enter"); // without a reason nothing happens
  assert.ok(await view.page.evaluate(() => document.querySelector("#decide").open));
  await view.page.keyboard.type("second salvo reported");
  await press("Enter");
  await until(() => view.page.evaluate(() => !document.querySelector("#decide").open));
  await until(async () => /HELD/.test(await view.words("#zones")), 15);
});

test("looking back shows REPLAY, and nothing can be decided there", async () => {
  await press("Escape", ",");
  await until(async () => /REPLAY of EXERCISE/.test(await view.words("#mode")), 20);
  await until(async () => (await view.ask("stats")).drawn > 0, 20);
  await press("z", "c");
  assert.ok(!(await view.page.evaluate(() => document.querySelector("#decide").open)));
  await view.picture("replay-dark");
  const { at } = await view.ask("mode");
  await until(async () => (await view.ask("mode")).at > at + 500, 10);
  await press("Space");
  await press("n");
  await until(async () => (await view.words("#mode")) === "EXERCISE");
});

test("every control can be reached by Tab, and shows that it has the focus", async () => {
  const seen = new Set();
  for (let i = 0; i < 120; i++) {
    await press("Tab");
    const at = await view.page.evaluate(() => {
      const e = document.activeElement;
      const style = getComputedStyle(e);
      return { id: e.id || e.textContent.slice(0, 20), outline: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0, body: e === document.body };
    });
    if (at.body) continue;
    assert.ok(at.outline, `no visible focus on ${at.id}`);
    seen.add(at.id);
  }
  for (const id of ["sound", "theme", "map", "timeline", "live", "f-id"]) assert.ok(seen.has(id), `${id} not reached: ${[...seen].join()}`);
});

test("light and high contrast", async () => {
  for (const name of ["light", "contrast", "dark"]) {
    await press("Escape");
    await view.page.evaluate(() => document.activeElement.blur());
    await press("g");
    await until(() => view.page.evaluate((n) => document.documentElement.dataset.theme === n, name));
    await view.picture(`theme-${name}`);
    assert.ok((await contrast("#mode-words")) >= 4.5, name);
    assert.ok((await contrast("#selected")) >= 4.5, name);
    assert.ok((await contrast("#banner, #mode")) >= 4.5, name);
  }
});

/** Contrast of text to what is behind it, by WCAG 2. */
function contrast(selector) {
  return view.page.evaluate((s) => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const rgb = (colour) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = ([r, g, b]) => {
      const [x, y, z] = [r, g, b].map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const element = [...document.querySelectorAll(s)].find((e) => !e.hidden);
    let behind = element;
    while (behind && rgb(getComputedStyle(behind).backgroundColor)[3] < 255) behind = behind.parentElement;
    const [a, b] = [light(rgb(getComputedStyle(element).color)), light(rgb(getComputedStyle(behind ?? document.body).backgroundColor))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }, selector);
}

test("the whole view stands in the address", async () => {
  await view.page.evaluate(() => document.activeElement.blur());
  await press("l", "d");
  await until(() => view.page.evaluate(() => location.search.includes("off=labels") && location.search.includes("drawer=tracks")));
  await view.page.reload();
  await until(async () => (await view.words("#mode")) === "EXERCISE");
  assert.equal(await view.page.evaluate(() => document.querySelector("#layer-labels").checked), false);
  assert.equal(await view.page.evaluate(() => document.querySelector("#drawer").hidden), false);
  await view.picture("drawer-dark");
  await press("l", "d", "d", "d", "d");
});

test("the debrief stands on the display when the raid is over", async () => {
  await until(() => view.page.evaluate(() => document.querySelector("#x-end a")?.href ?? ""), 120);
  const page = await view.page.context().newPage();
  await page.goto(await view.page.evaluate(() => document.querySelector("#x-end a").href));
  assert.match(await page.evaluate(() => document.body.innerText), /EXERCISE[\s\S]*Simulated shots/);
  await page.close();
});

test("a service that falls silent is STALE, in words, and comes back by itself", async () => {
  run.child.kill("SIGSTOP");
  await until(async () => /STALE/.test(await view.words("#stale")) && !(await view.page.evaluate(() => document.querySelector("#stale").hidden)), 10);
  assert.ok((await view.ask("mode")).stale);
  await view.picture("stale-dark");
  run.child.kill("SIGCONT");
  await until(() => view.page.evaluate(() => document.querySelector("#stale").hidden), 30);
});

test("nothing was asked of another host, and nothing went wrong", () => {
  assert.deepEqual(view.faults, []);
});
