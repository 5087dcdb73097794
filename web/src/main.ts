// Main: puts the page together, and lets it run.
import { $, clock, h, seconds, text } from "./dom";
import { ALL, read, write, type Choice } from "./state";
import { LAYERS, Painter, type Layers } from "./draw";
import { exercisePanel } from "./exercise";
import type { Alarm } from "./frames";
import { Camera, project, unproject } from "./geo";
import { everything } from "./filter";
import { Failure, Link } from "./link";
import { CLASSES, ground, Model, sorted, WORDS, type Ground, type Observed, type SiteModel } from "./model";
import * as panels from "./panels";
import { Past, SPEEDS } from "./past";
import { Sound } from "./sound";
import { icon } from "./symbols";
import { colours, isDark, THEMES } from "./theme";
import { Timeline } from "./timeline";

const STALE_S = 2.5; // a sign of life comes each second
const MODES: Record<string, [string, string]> = {
  actual: ["LIVE", "warnings are meant"],
  shadow: ["SHADOW", "decides everything, sends nothing"],
  exercise: ["EXERCISE", "simulated; no warning is meant"],
  replay: ["REPLAY", ""],
};

const link = new Link();
const sound = new Sound();
const choice: Choice = read(location.search);
const camera = new Camera({ x: 0.62, y: 0.4 }, 12);
const still = matchMedia("(prefers-reduced-motion: reduce)");
let live: Model;
let past: Past;
let painter: Painter;
let timeline: Timeline;
let palette = colours();
let lookingBack = false;
let chosenAlarm = "";
let lines: Float64Array[] | null = null;
let moveTiles: ((camera: Camera) => void) | null = null;
let surveyed = 0;
let incidents: string[][] = [];
let calibration: string[][] = [];
let fitted = false;
let firstPicture = 0;

// -- start

async function start(): Promise<void> {
  theme(choice.theme);
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  history.replaceState(null, "", location.pathname + location.search); // the token leaves the address at once
  try {
    await (token ? link.logIn(token) : link.resume());
  } catch (fault) {
    await askToken(token ? (fault as Error).message : "");
  }
  const answer = (await link.ask("GET", "/api/v1/sites")) as { sites: Ground[]; map: string[] };
  const grounds = answer.sites.map(ground);
  live = new Model(grounds);
  if (!live.sites.has(choice.site)) choice.site = grounds[0].id;
  past = new Past(link, grounds, choice.site);
  painter = new Painter($<HTMLCanvasElement>("canvas"), palette, window.devicePixelRatio || 1);
  timeline = new Timeline($<HTMLCanvasElement>("timeline"));
  $("site-box").hidden = grounds.length < 2;
  for (const g of grounds) $("site").append(h("option", { value: g.id }, g.name));
  $<HTMLSelectElement>("site").value = choice.site;
  text($("who"), `${link.person!.name}, ${link.person!.role}`);
  controls();
  painter.resize(camera);
  if (choice.view) {
    camera.centre = project(choice.view.lat, choice.view.lon);
    camera.zoom = choice.view.zoom;
    fitted = true;
  } else home();
  link.onFrame = (frame) => {
    const good = live.apply(frame);
    if (!firstPicture && frame.head.kind === "snapshot") firstPicture = performance.now();
    if (frame.head.kind === "alarms") {
      sound.update(sorted(live.alarms.values()), link.now());
      panels.banner(view(), actions);
    }
    return good;
  };
  link.onChange = chrome;
  link.open();
  if (choice.t) void look(choice.t);
  requestAnimationFrame(tick);
  setInterval(slow, 250);
  void extras(answer.map);
}

async function askToken(fault: string): Promise<void> {
  const gate = $<HTMLDialogElement>("gate");
  text($("gate-fault"), fault);
  gate.showModal();
  gate.addEventListener("cancel", (event) => event.preventDefault());
  await new Promise<void>((done) => {
    gate.querySelector("form")!.addEventListener("submit", (event) => {
      event.preventDefault();
      void link.logIn($<HTMLInputElement>("token").value).then(
        () => {
          gate.close();
          done();
        },
        (wrong: Error) => text($("gate-fault"), wrong.message),
      );
    });
  });
}

/** What the first picture does not wait for. */
async function extras(map: string[]): Promise<void> {
  try {
    const raw = (await (await fetch("outlines.json")).json()) as number[][];
    lines = raw.map((line) => {
      const out = new Float64Array(line.length);
      let [x, y] = [0, 0];
      for (let i = 0; i < line.length; i += 2) {
        [x, y] = [x + line[i], y + line[i + 1]];
        [out[i], out[i + 1]] = [x / 1e5, y / 1e5];
      }
      return out;
    });
  } catch {
    note("No outlines.");
  }
  if (map.length) {
    try {
      const { startTiles } = await import("./tiles");
      moveTiles = await startTiles($("tiles"), map, isDark(choice.theme));
      moveTiles(camera);
    } catch (fault) {
      note(`No base map: ${(fault as Error).message}`);
    }
  }
}

let noteTimer = 0;
function note(words: string): void {
  text($("map-note"), words);
  clearTimeout(noteTimer);
  noteTimer = window.setTimeout(() => text($("map-note"), lines ? "Outlines: Natural Earth" : ""), 6000);
}

// -- what is shown

const model = (): Model => (lookingBack ? past.model : live);
const site = (): SiteModel => model().sites.get(choice.site)!;
const now = (): number => (lookingBack ? past.at : link.now());
const may = (): boolean => link.person?.role !== "viewer";
const stale = (): boolean => link.age() > STALE_S || (live?.behind.includes(choice.site) ?? false);

function view(): panels.View {
  return { model: model(), site: site(), choice, now: now(), alarm: chosenAlarm, may: may(), live: !lookingBack };
}

let last = performance.now();
let drawnAt = 0;
function tick(at: number): void {
  requestAnimationFrame(tick);
  if (lookingBack) past.advance(at - last, link.now());
  last = at;
  // as often as the machine bears: a third of its time at most
  if (at - drawnAt < Math.max(33, 3 * painter.stats.ms)) return;
  drawnAt = at;
  follow();
  painter.draw({
    model: model(), site: site(), camera, layers: choice.layers, filter: choice.filter, now: now(), selected: choice.selected,
    zone: choice.zone, stale: stale(), still: still.matches, lines,
  });
}

function slow(): void {
  chrome();
  const v = view();
  panels.alarmPanel(v, actions);
  panels.banner({ ...v, model: live, now: link.now() }, actions);
  panels.zonePanel(v, actions);
  panels.healthPanel(v);
  panels.selectedPanel(v, palette, actions);
  exercisePanel(live.extra, link, link.now(), may(), note);
  drawer(v);
  sound.update(sorted(live.alarms.values()), link.now());
  soundButton();
  const hidden = painter.stats.hidden;
  text($("hidden"), `Hidden by filter: ${hidden}${painter.stats.shed ? ". Busy: " + ["", "short trails", "no trails", "labels of alarms only"][painter.stats.shed] : ""}`);
  timeline.draw(palette, past.from, link.now(), past.at, !lookingBack, past.events);
  text($("at"), lookingBack ? clock(past.at) : "");
  if (performance.now() - surveyed > 3000 && link.connected) {
    surveyed = performance.now();
    void past.survey().catch(() => {});
    if (choice.layers.observed) void observe().catch(() => {});
  }
  address();
}

/** What sensors saw of what they looked at: as of now, also while we look back. */
async function observe(): Promise<void> {
  const shown = choice.site;
  const answer = (await link.ask("GET", `/api/v1/cover?site=${encodeURIComponent(shown)}`)) as { sensors: Observed[] };
  for (const one of [live, past.model]) one.sites.get(shown)?.observe(answer.sensors);
}

function chrome(): void {
  const old = stale();
  const mode = lookingBack ? "replay" : live.mode || "";
  document.body.dataset.mode = mode;
  const [word, words] = MODES[mode] ?? ["CONNECTING", ""];
  const under = live.mode === "exercise" ? "EXERCISE" : live.mode === "shadow" ? "SHADOW" : "LIVE";
  text($("mode"), lookingBack ? `REPLAY of ${under}` : word);
  text($("mode-words"), lookingBack ? `what was shown at ${clock(past.at)} UTC; decisions are off` : words);
  document.title = `${lookingBack ? "REPLAY" : word} ${site().ground.name}`;
  document.body.classList.toggle("stale", old && !lookingBack);
  text($("utc"), clock(now()));
  text($("local"), `${clock(now(), true)} here`);
  const chip = $("link");
  const lag = (link.now() - Math.max(live.steps[choice.site] ?? 0, live.sites.get(choice.site)!.step_ms)) / 1000;
  chip.className = `chip ${old ? "bad" : "good"}`;
  text(chip, !link.connected ? "NO LINK" : old ? "NO DATA" : `data ${Math.max(0, lag).toFixed(1)} s old`);
  const box = $("stale");
  box.hidden = !old;
  if (old) {
    const age = link.connected && link.age() < STALE_S ? lag : link.age();
    text(box, `STALE: nothing new for ${seconds(age)}. This is not a quiet sky: nobody is watching.${link.connected ? "" : " Trying to connect again."}`);
  }
  const button = $("live");
  button.setAttribute("aria-pressed", String(!lookingBack));
  text(button, lookingBack ? "Back to now" : "LIVE");
  text($("play"), lookingBack && !past.playing ? "Play" : "Pause");
  text($("speed"), `${past.speed}x`);
}

function soundButton(): void {
  const armed = sound.gate === "armed";
  const button = $("sound");
  button.setAttribute("aria-pressed", String(armed));
  text(button, armed ? (sound.playing ? "Sound: ALARM" : "Sound on") : "Sound is OFF: arm");
}

let arming = "";
function drawer(v: panels.View): void {
  const box = $("drawer");
  box.hidden = !choice.drawer;
  if (!choice.drawer) return;
  for (const button of $("tabs").children) button.setAttribute("aria-selected", String((button as HTMLElement).dataset.name === choice.drawer));
  const body = $("drawer-body");
  if (choice.drawer === "tracks") panels.trackTable(v, body, actions);
  else if (choice.drawer === "warnings") panels.warningTable(v, body, actions);
  else if (choice.drawer === "log")
    panels.plainTable(body, "log", ["Time", "What", "Alarm"], [...past.events].reverse().slice(0, 300).map((e) => [clock(e.time_ms), e.what, e.text]), "Nothing happened yet.");
  else if (choice.drawer === "calibration") {
    if (arming !== "calibration") {
      arming = "calibration";
      void link.ask("GET", "/api/v1/calibration").then((answer) => (calibration = panels.calibrationLines(answer)));
    }
    panels.plainTable(body, "calibration", ["Impacts", "Predicted", "Ellipse", "Held", "95 % interval", "Median miss"], calibration, "No impact of an incident has been found and compared yet.");
    return;
  } else {
    if (arming !== "incidents") {
      arming = "incidents";
      void link.ask("GET", "/api/v1/incidents").then((answer) => {
        const rows = (answer as { incidents: Record<string, unknown>[] }).incidents;
        incidents = rows.map((r) => ["id", "time", "site", "title", "claims"].map((key) => String(r[key] ?? "")));
      });
    }
    panels.plainTable(body, "incidents", ["Number", "When", "Where", "What", "Claims"], incidents, "No incidents in the ledger.");
    return;
  }
  arming = "";
}

let written = "";
function address(): void {
  const { lat, lon } = unproject(camera.centre);
  choice.view = fitted ? null : { lat, lon, zoom: camera.zoom };
  choice.t = lookingBack ? past.at : 0;
  const search = write(choice);
  if (search === written) return;
  written = search;
  history.replaceState(null, "", search);
}

function moved(): void {
  fitted = false;
  moveTiles?.(camera);
}

function home(): void {
  const g = site().ground;
  const held = g.zones.length ? g.zones.flatMap((z) => z.world) : [g.plane.origin];
  const reach = 1800 * g.plane.metre;
  const points = held.flatMap((p) => [
    { x: p.x - reach, y: p.y - reach },
    { x: p.x + reach, y: p.y + reach },
  ]);
  camera.fit(points, 20);
  fitted = true;
  moveTiles?.(camera);
}

function follow(): void {
  const track = choice.follow ? site().tracks.get(choice.selected) : undefined;
  if (!track) return;
  const dt = Math.max(0, Math.min(now() - track.t, 6000));
  camera.centre = { x: track.at.x + dt * track.vx, y: track.at.y + dt * track.vy };
  moved();
}

// -- acts

const actions: panels.Actions = {
  acknowledge(alarm) {
    if (!may()) return note("A viewer cannot acknowledge.");
    void link
      .ask("POST", `/api/v1/alarms/${alarm.id.split("/").map(encodeURIComponent).join("/")}/acknowledge`)
      .catch((fault: Failure) => note(fault.message));
  },
  chooseAlarm(id) {
    chosenAlarm = id;
    const alarm = live.alarms.get(id);
    if (alarm?.site && live.sites.has(alarm.site) && alarm.site !== choice.site) chooseSite(alarm.site);
    const track = alarm?.tracks?.find((t) => site().tracks.has(t));
    if (track !== undefined) this.chooseTrack(track);
    else if (alarm?.zones?.length) this.chooseZone(alarm.zones[0]);
  },
  chooseTrack(id) {
    [choice.selected, choice.zone] = [id, ""];
  },
  chooseZone(id) {
    [choice.selected, choice.zone] = [-1, id];
  },
  decide(what, zones) {
    if (!may()) return note("A viewer cannot decide.");
    if (lookingBack) return note("This is the past: back to now first (N).");
    if (!zones.length) return note("Choose an alarm or a zone first.");
    const names = zones.map((id) => site().ground.zones.find((z) => z.id === id)?.name ?? id).join(", ");
    const words: Record<string, [string, string]> = {
      warn: ["Warn now", `People in ${names} are told to take shelter, whatever tracks say.`],
      hold: ["Hold", `No warning of ${names} ends until it is released.`],
      release: ["Release", `What was warned of or held by people is over in ${names}. What tracks say goes on.`],
      silence: ["Silence sirens", `Sirens of ${names} fall silent. The warning goes on; a graver phase sounds again.`],
      cancel: ["Cancel", `There is no danger in ${names}: warnings end at once, and these tracks never warn again.`],
    };
    ask(words[what][0], words[what][1], what === "warn" || what === "cancel", (reason) =>
      link.ask("POST", "/api/v1/decisions", { site: choice.site, what, zones, reason }),
    );
  },
  shelve(alarm) {
    ask("Shelve for 10 minutes", `${alarm.title}: ${alarm.text}`, false, (reason) =>
      link.ask("POST", `/api/v1/alarms/${alarm.id.split("/").map(encodeURIComponent).join("/")}/shelve`, { reason, seconds: 600 }),
    );
  },
};

/** A confirmation with a reason: nothing goes outward without one. */
function ask(title: string, words: string, danger: boolean, act: (reason: string) => Promise<unknown>): void {
  const dialog = $<HTMLDialogElement>("decide");
  if (dialog.open) return;
  const reason = $<HTMLInputElement>("decide-reason");
  text($("decide-title"), title);
  const mode = live.mode === "exercise" ? "EXERCISE. " : live.mode === "shadow" ? "SHADOW: nobody is told. " : "";
  text($("decide-words"), mode + words);
  text($("decide-fault"), "");
  text($("decide-yes"), title);
  $("decide-yes").className = danger ? "main danger" : "main";
  reason.value = "";
  const form = dialog.querySelector("form")!;
  form.onsubmit = (event) => {
    event.preventDefault();
    if (!reason.value.trim()) return text($("decide-fault"), "Say why, in a few words.");
    act(reason.value).then(
      () => dialog.close(),
      (fault: Error) => text($("decide-fault"), fault.message),
    );
  };
  dialog.showModal();
  reason.focus();
}

function chosenZones(): string[] {
  if (choice.zone) return [choice.zone];
  return live.alarms.get(chosenAlarm)?.zones ?? [];
}

function chooseSite(id: string): void {
  choice.site = id;
  $<HTMLSelectElement>("site").value = id;
  past.setSite(id);
  surveyed = 0;
  [choice.selected, choice.zone] = [-1, ""];
  filterSensors();
  home();
}

async function look(ms: number): Promise<void> {
  lookingBack = true;
  past.playing = true;
  try {
    if (!past.to) await past.survey();
    await past.seek(ms);
  } catch (fault) {
    lookingBack = false;
    note(`Cannot look back: ${(fault as Error).message}`);
  }
  slow();
}

function backToNow(): void {
  lookingBack = false;
  slow();
}

function nextAlarm(step: number): void {
  const list = sorted(model().alarms.values());
  if (!list.length) return note("No alarms.");
  const i = list.findIndex((a) => a.id === chosenAlarm);
  const alarm = list[(i + step + list.length) % list.length];
  actions.chooseAlarm(alarm.id);
  document.querySelector<HTMLElement>(`#alarms [data-key="${CSS.escape(alarm.id)}"]`)?.focus({ preventScroll: false });
}

function acknowledgeChosen(): void {
  const list = sorted(live.alarms.values());
  const waits = (a: Alarm | undefined) => a && (a.state === "unacknowledged" || a.state === "returned");
  const chosen = live.alarms.get(chosenAlarm);
  const alarm = waits(chosen) ? chosen : list.find(waits);
  if (alarm) actions.acknowledge(alarm);
  else note("Nothing to acknowledge.");
}

function toggle(layer: keyof Layers): void {
  choice.layers[layer] = !choice.layers[layer];
  ($(`layer-${layer}`) as HTMLInputElement).checked = choice.layers[layer];
}

function theme(name: (typeof THEMES)[number]): void {
  choice.theme = name;
  document.documentElement.dataset.theme = name;
  palette = colours();
  painter?.recolour(palette);
  if (painter) symbols();
}

function symbols(): void {
  CLASSES.forEach((name, i) => {
    const label = $(`class-${name}`).parentElement!;
    label.querySelector("canvas")?.remove();
    label.insertBefore(icon(i, palette), label.lastChild);
  });
}

const KEYS: [string, string, (() => void) | null][] = [
  ["A", "acknowledge the chosen alarm", acknowledgeChosen],
  ["J / K", "next, previous alarm", null],
  ["W", "warn the chosen zone", () => actions.decide("warn", chosenZones())],
  ["O", "hold", () => actions.decide("hold", chosenZones())],
  ["R", "release", () => actions.decide("release", chosenZones())],
  ["C", "cancel", () => actions.decide("cancel", chosenZones())],
  ["Q", "silence the sirens of the chosen zone", () => actions.decide("silence", chosenZones())],
  ["Space", "play, pause", () => (lookingBack ? ((past.playing = !past.playing), chrome()) : void look(link.now() - 1000).then(() => (past.playing = false)))],
  [", / .", "10 s back, forward", null],
  ["[ / ]", "slower, faster", null],
  ["N", "back to now", backToNow],
  ["F", "follow the chosen track", () => followKey()],
  ["H", "whole site", home],
  ["L", "labels", () => toggle("labels")],
  ["T", "trails", () => toggle("trails")],
  ["/", "filter", () => $("f-id").focus()],
  ["0 to 9", "layers", null],
  ["D", "drawers", () => nextDrawer()],
  ["G", "theme", () => theme(THEMES[(THEMES.indexOf(choice.theme) + 1) % THEMES.length])],
  ["S", "arm or silence the sound of this page", () => void sounds()],
  ["Z", "next zone", () => nextZone()],
  ["E / X", "exercise: release, withhold", null],
  ["Esc", "clear selection", () => (([choice.selected, choice.zone, chosenAlarm] = [-1, "", ""]), (choice.follow = false))],
  ["?", "these keys", () => $<HTMLDialogElement>("help").showModal()],
];

function followKey(): void {
  choice.follow = !choice.follow && choice.selected >= 0;
  $("follow").setAttribute("aria-pressed", String(choice.follow));
}

function nextZone(): void {
  const zones = site().ground.zones;
  if (zones.length) actions.chooseZone(zones[(zones.findIndex((z) => z.id === choice.zone) + 1) % zones.length].id);
}

function nextDrawer(): void {
  const names = ["", ...Object.keys(panels.DRAWERS)];
  openDrawer(names[(names.indexOf(choice.drawer) + 1) % names.length]);
}

function openDrawer(name: string): void {
  choice.drawer = choice.drawer === name ? "" : name;
  for (const button of $("drawers").children) button.setAttribute("aria-pressed", String((button as HTMLElement).dataset.name === choice.drawer));
  requestAnimationFrame(() => {
    painter.resize(camera);
    moveTiles?.(camera);
  });
}

async function sounds(): Promise<void> {
  if (sound.gate === "armed") sound.disarm();
  else await sound.arm();
  link.tell({ sound: sound.gate === "armed" });
  soundButton();
}

function speed(step: number): void {
  past.speed = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, SPEEDS.indexOf(past.speed) + step))];
  chrome();
}

function jump(ms: number): void {
  const to = (lookingBack ? past.at : link.now()) + ms;
  if (to >= link.now() - 500) backToNow();
  else void look(to);
}

function key(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  if (target.closest("input, select, dialog") || event.ctrlKey || event.metaKey || event.altKey) {
    if (event.key === "Escape" && target.closest("input, select")) target.blur();
    return;
  }
  const onButton = target.closest("button");
  if (onButton && (event.key === " " || event.key === "Enter")) return;
  const name = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  const pan: Record<string, [number, number]> = { ArrowLeft: [80, 0], ArrowRight: [-80, 0], ArrowUp: [0, 80], ArrowDown: [0, -80] };
  const centre = { x: camera.width / 2, y: camera.height / 2 };
  if (name === "J" || name === "K") nextAlarm(name === "J" ? 1 : -1);
  else if (name === "," || name === ".") jump(name === "," ? -10_000 : 10_000);
  else if (name === "[" || name === "]") speed(name === "[" ? -1 : 1);
  else if (name >= "0" && name <= "9" && name.length === 1) toggle(LAYERS[(Number(name) + 9) % 10]);
  else if (name === "E" || name === "X") document.querySelector<HTMLButtonElement>(`#x-shots button[data-do="${name === "E" ? "release" : "withhold"}"]:not([hidden]):not([disabled])`)?.click();
  else if (name === "+" || name === "=" || name === "-") {
    camera.zoomAt(centre, name === "-" ? -0.5 : 0.5);
    moved();
  } else if (pan[name] && (target.id === "map" || target === document.body)) {
    camera.pan(...pan[name]);
    moved();
  } else if (pan[name] && target.id === "timeline") jump(name === "ArrowLeft" || name === "ArrowDown" ? -10_000 : 10_000);
  else {
    const found = KEYS.find(([k, , act]) => act && (k === name || (k === "Space" && name === " ") || (k === "Esc" && name === "Escape")));
    if (!found) return;
    found[2]!();
  }
  event.preventDefault();
}

// -- controls

function filterSensors(): void {
  const select = $<HTMLSelectElement>("f-sensor");
  select.replaceChildren(h("option", { value: "-1" }, "any"), ...site().ground.sensors.slice(0, 32).map((s, i) => h("option", { value: i }, s.id)));
  select.value = String(choice.filter.sensor);
}

function controls(): void {
  LAYERS.forEach((name, i) => {
    const box = h("input", { type: "checkbox", id: `layer-${name}`, onchange: () => toggle(name) }) as HTMLInputElement;
    box.checked = choice.layers[name];
    const words = { base: "Outlines", rings: "Range rings", cover: "Modelled cover", observed: "Observed cover", zones: "Zones", launches: "Launch points", impacts: "Impact points", trails: "Trails", tracks: "Tracks", labels: "Labels" }[name];
    $("layers").append(h("label", {}, box, h("kbd", {}, String((i + 1) % 10)), words));
    box.addEventListener("change", () => (choice.layers[name] = box.checked));
  });
  for (const name of CLASSES) {
    const box = h("input", { type: "checkbox", id: `class-${name}` }) as HTMLInputElement;
    box.checked = !choice.filter.classes.has(name);
    box.addEventListener("change", () => (box.checked ? choice.filter.classes.delete(name) : choice.filter.classes.add(name)));
    $("classes").append(h("label", {}, box, WORDS[name]));
  }
  symbols();
  filterSensors();
  const field = (id: string, set: (value: string) => void) => $(id).addEventListener("input", (event) => set((event.target as HTMLInputElement).value));
  const figure = (value: string, other: number) => (value.trim() && isFinite(Number(value)) ? Number(value) : other);
  field("f-id", (value) => (choice.filter.id = value));
  field("f-exist", (value) => (choice.filter.existence = figure(value, 0)));
  field("f-above", (value) => (choice.filter.above_m = figure(value, -Infinity)));
  field("f-below", (value) => (choice.filter.below_m = figure(value, Infinity)));
  field("f-within", (value) => (choice.filter.within_m = 1000 * figure(value, Infinity)));
  field("f-sensor", (value) => (choice.filter.sensor = Number(value)));
  $("f-threats").addEventListener("change", (event) => (choice.filter.threats = (event.target as HTMLInputElement).checked));
  $<HTMLInputElement>("f-id").value = choice.filter.id;
  $<HTMLInputElement>("f-exist").value = String(choice.filter.existence);
  $<HTMLInputElement>("f-threats").checked = choice.filter.threats;
  for (const [id, value, per] of [["f-above", choice.filter.above_m, 1], ["f-below", choice.filter.below_m, 1], ["f-within", choice.filter.within_m, 1000]] as const)
    if (isFinite(value)) $<HTMLInputElement>(id).value = String(value / per);
  $("f-reset").onclick = () => {
    choice.filter = everything();
    for (const input of document.querySelectorAll<HTMLInputElement>("#left input")) {
      if (input.type === "checkbox") input.checked = input.id !== "f-threats";
      else input.value = input.id === "f-exist" ? "0" : "";
    }
    for (const name of LAYERS) ($(`layer-${name}`) as HTMLInputElement).checked = choice.layers[name] = ALL[name];
    filterSensors();
  };
  $("site").onchange = (event) => chooseSite((event.target as HTMLSelectElement).value);
  $("sound").onclick = () => void sounds();
  $("theme").onclick = () => theme(THEMES[(THEMES.indexOf(choice.theme) + 1) % THEMES.length]);
  $("help-button").onclick = () => $<HTMLDialogElement>("help").showModal();
  $("keys").append(...KEYS.flatMap(([k, words]) => [h("kbd", {}, k), h("span", {}, words)]));
  $("decide-no").onclick = () => $<HTMLDialogElement>("decide").close();
  const centre = () => ({ x: camera.width / 2, y: camera.height / 2 });
  $("zoom-in").onclick = () => (camera.zoomAt(centre(), 0.5), moved());
  $("zoom-out").onclick = () => (camera.zoomAt(centre(), -0.5), moved());
  $("home").onclick = home;
  $("follow").onclick = followKey;
  $("back").onclick = () => jump(-10_000);
  $("forth").onclick = () => jump(10_000);
  $("play").onclick = KEYS.find(([k]) => k === "Space")![2]!;
  $("slower").onclick = () => speed(-1);
  $("faster").onclick = () => speed(1);
  $("live").onclick = backToNow;
  for (const [name, words] of Object.entries(panels.DRAWERS)) {
    $("drawers").append(h("button", { type: "button", "data-name": name, "aria-pressed": choice.drawer === name, onclick: () => openDrawer(name) }, words));
    $("tabs").append(h("button", { type: "button", role: "tab", "data-name": name, onclick: () => choice.drawer !== name && openDrawer(name) }, words));
  }
  pointer();
  document.addEventListener("keydown", key);
  new ResizeObserver(() => {
    painter.resize(camera);
    if (fitted) home();
    moveTiles?.(camera);
  }).observe($("map"));
  // a page that nobody sees needs fewer pictures; alarms come all the same
  document.addEventListener("visibilitychange", () => link.tell(undefined, document.hidden ? 1 : 0));
  const line = $("timeline");
  line.onpointerdown = (event) => {
    line.setPointerCapture(event.pointerId);
    const go = (e: PointerEvent) => {
      const ms = timeline.time(e.clientX);
      if (ms > link.now() - 1500) backToNow();
      else void look(ms);
    };
    go(event);
    line.onpointermove = (e) => go(e);
    line.onpointerup = () => (line.onpointermove = null);
  };
}

function pointer(): void {
  const map = $("map");
  const down = new Map<number, { x: number; y: number }>();
  let travelled = 0;
  const place = (event: PointerEvent | WheelEvent) => {
    const box = map.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  map.addEventListener("pointerdown", (event) => {
    if ((event.target as HTMLElement).closest("button")) return;
    map.setPointerCapture(event.pointerId);
    down.set(event.pointerId, place(event));
    travelled = 0;
    map.classList.add("dragging");
  });
  map.addEventListener("pointermove", (event) => {
    const before = down.get(event.pointerId);
    if (!before) return;
    const at = place(event);
    if (down.size === 2) {
      const other = [...down.entries()].find(([id]) => id !== event.pointerId)![1];
      const spread = (p: { x: number; y: number }) => Math.hypot(p.x - other.x, p.y - other.y) || 1;
      camera.zoomAt({ x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 }, Math.log2(spread(at) / spread(before)));
    } else camera.pan(at.x - before.x, at.y - before.y);
    travelled += Math.hypot(at.x - before.x, at.y - before.y);
    if (travelled > 4) choice.follow = false;
    down.set(event.pointerId, at);
    moved();
  });
  const up = (event: PointerEvent) => {
    if (!down.delete(event.pointerId)) return;
    map.classList.remove("dragging");
    if (travelled > 4) return;
    const at = place(event);
    const track = painter.hit(at.x, at.y);
    if (track >= 0) return actions.chooseTrack(track);
    const { e, n } = site().ground.plane.plane(camera.toWorld(at));
    const inside = site().ground.zones.filter((z) => within(z.polygon_en_m, e, n));
    if (inside.length) actions.chooseZone(inside[inside.length - 1].id);
    else [choice.selected, choice.zone] = [-1, ""];
  };
  map.addEventListener("pointerup", up);
  map.addEventListener("pointercancel", up);
  map.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      camera.zoomAt(place(event), -event.deltaY * (event.deltaMode ? 0.06 : 0.0025));
      moved();
    },
    { passive: false },
  );
}

function within(polygon: [number, number][], e: number, n: number): boolean {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [[xi, yi], [xj, yj]] = [polygon[i], polygon[j]];
    if (yi > n !== yj > n && e < ((xj - xi) * (n - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}

/** For tests and the curious: figures only, nothing that acts. */
Object.defineProperty(window, "rampart", {
  value: {
    observed: () => site().seen.map((one) => one.cells.length),
    stats: () => ({ ...painter?.stats, tracks: live ? site().tracks.size : 0, alarms: live ? live.alarms.size : 0, gaps: live?.gaps ?? 0, bytes: link.bytes }),
    sound: () => ({ gate: sound.gate, state: sound.state, playing: sound.playing, tones: sound.tones }),
    mode: () => ({ mode: live?.mode, back: lookingBack, at: lookingBack ? past.at : link.now(), stale: live ? stale() : true }),
    zones: () => (live ? Object.fromEntries([...site().zones].map(([id, z]) => [id, z.state])) : {}),
    firstPicture: () => firstPicture,
  },
});

void start();
