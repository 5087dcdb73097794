// Panels: alarms, zones, health, the selected track, and the drawers.
import { $, clock, h, metres, seconds, sync, text } from "./dom";
import { passes } from "./filter";
import type { Alarm } from "./frames";
import { CLASSES, MODES, SHORT, sorted, STATUS, WORDS, type Model, type SiteModel, type Track } from "./model";
import type { Choice } from "./state";
import type { Colours } from "./theme";

export interface Actions {
  acknowledge(alarm: Alarm): void;
  chooseAlarm(id: string): void;
  chooseTrack(id: number): void;
  chooseZone(id: string): void;
  decide(what: string, zones: string[], warning?: number): void;
  shelve(alarm: Alarm): void;
}
export interface View {
  model: Model;
  site: SiteModel;
  choice: Choice;
  now: number;
  alarm: string;
  may: boolean; // the person may decide
  live: boolean;
}

const STATES: Record<string, string> = {
  unacknowledged: "not acknowledged",
  acknowledged: "acknowledged",
  returned: "over, not acknowledged",
  shelved: "shelved",
};

export function impactWords(ms: number | null | undefined, now: number): string {
  if (!ms) return "";
  const left = (ms - now) / 1000;
  return left > 0 ? `${left.toFixed(0)} s` : `${Math.abs(left).toFixed(0)} s ago`;
}

export function alarmPanel(v: View, act: Actions): void {
  const list = sorted(v.model.alarms.values());
  text($("alarm-count"), list.length ? `${list.filter((a) => a.state === "unacknowledged").length} of ${list.length} not acknowledged` : "");
  $("no-alarms").hidden = list.length > 0;
  sync(
    $("alarms"),
    list,
    (a) => a.id,
    (a) => {
      const button = (name: string, words: string, go: () => void) => h("button", { type: "button", "data-do": name, onclick: go }, words);
      const find = () => v.model.alarms.get(a.id) ?? a;
      const node = h(
        "li",
        { tabindex: "0", onfocus: () => act.chooseAlarm(a.id), onclick: () => act.chooseAlarm(a.id) },
        h("div", { class: "alarm-head" }, h("b"), h("span", { class: "quiet" }), h("span", { class: "figures" })),
        h("div", { class: "alarm-text" }),
        h("div", { class: "alarm-state" }),
        h(
          "div",
          { class: "buttons" },
          button("ack", "Acknowledge", () => act.acknowledge(find())),
          button("hold", "Hold", () => act.decide("hold", find().zones ?? [])),
          button("release", "Release", () => act.decide("release", find().zones ?? [])),
          button("cancel", "Cancel", () => act.decide("cancel", find().zones ?? [])),
          button("shelve", "Shelve", () => act.shelve(find())),
        ),
      );
      return node;
    },
    (node, a) => {
      node.className = `${a.priority} ${a.state} ${a.id === v.alarm ? "chosen" : ""}`;
      const [title, site, left] = node.querySelectorAll(".alarm-head > *");
      text(title, `${a.priority === "critical" ? "▲ " : ""}${a.title}`);
      text(site, v.model.sites.size > 1 ? a.site : "");
      text(left, a.state === "returned" ? "" : impactWords(a.impact_ms, v.now));
      text(node.querySelector(".alarm-text")!, a.text);
      const who = a.by ? ` by ${a.by}` : "";
      text(node.querySelector(".alarm-state")!, `${a.priority}, ${STATES[a.state] ?? a.state}${who}, since ${clock(a.raised_ms)}`);
      const threat = a.kind === "threat";
      for (const button of node.querySelectorAll<HTMLButtonElement>("button")) {
        const what = button.dataset.do!;
        const active = a.state !== "returned";
        button.hidden =
          what === "ack" ? !["unacknowledged", "returned"].includes(a.state) : what === "shelve" ? a.priority === "critical" || !active || a.state === "shelved" : !threat || !active;
        button.disabled = !v.may || !v.live;
      }
    },
  );
}

export function banner(v: View, act: Actions): void {
  const box = $("banner");
  const worst = sorted(v.model.alarms.values()).find((a) => a.state === "unacknowledged" || (a.state === "acknowledged" && a.priority === "critical"));
  box.hidden = !worst;
  if (!worst) return;
  box.className = `${worst.priority} ${worst.state === "acknowledged" ? "quietened" : ""}`;
  if (!box.firstChild)
    box.append(h("b"), h("span"), h("span", { class: "count" }), h("button", { type: "button", id: "banner-ack" }, "Acknowledge (A)"));
  const [title, words, left, button] = [...box.children] as HTMLElement[];
  const status = v.model.mode === "actual" ? "" : v.model.mode === "exercise" ? "EXERCISE  " : v.model.mode === "shadow" ? "SHADOW  " : "";
  text(title, (v.live ? "" : "NOW: ") + status + worst.title);
  text(words, worst.text);
  text(left, worst.impact_ms && worst.impact_ms > v.now ? `impact in ${impactWords(worst.impact_ms, v.now)}` : "");
  button.hidden = worst.state !== "unacknowledged" || !v.may;
  button.onclick = () => act.acknowledge(worst);
}

export function zonePanel(v: View, act: Actions): void {
  sync(
    $("zones"),
    v.site.ground.zones.slice(0, 300),
    (z) => z.id,
    (z) => h("li", {}, h("button", { type: "button", onclick: () => act.chooseZone(z.id) }, h("span", {}, z.name), h("b"))),
    (node, z) => {
      const zone = v.site.zones.get(z.id);
      const state = zone?.state ?? "unknown";
      node.dataset.state = state;
      node.classList.toggle("chosen", v.choice.zone === z.id);
      const words = state === "quiet" ? "" : state === "unknown" ? "NOT WATCHED" : state.toUpperCase();
      text(node.querySelector("b")!, words + (zone?.held ? " HELD" : "") + (zone?.watched === false && state !== "unknown" ? " UNWATCHED" : ""));
    },
  );
}

export function healthPanel(v: View): void {
  const rows: { key: string; name: string; state: string; age: string; why: string }[] = [];
  for (const part of v.site.health.values()) {
    const sensor = v.site.ground.sensors.find((s) => part.part === `sensor/${s.id}`);
    const age = part.state === "ok" && sensor ? `every ${sensor.scan_period_s} s` : seconds((v.now - part.since_ms) / 1000);
    rows.push({ key: part.part, name: part.part, state: part.state, age, why: part.reason });
  }
  for (const peer of v.model.peers)
    rows.push({ key: `p/${peer.id}`, name: `${peer.id} (${peer.kind})`, state: peer.state === "up" ? "ok" : peer.state, age: peer.queued ? `${peer.queued} wait` : "", why: peer.reason });
  sync(
    $("health"),
    rows,
    (r) => r.key,
    () => h("li", {}, h("b"), h("span", { class: "quiet figures" }), h("span", { class: "why" })),
    (node, r) => {
      node.className = r.state === "ok" ? "" : ["starting", "connecting", "off"].includes(r.state) ? "wait" : "bad";
      text(node.children[0], `${r.name} ${r.state === "ok" ? "" : r.state.toUpperCase()}`);
      text(node.children[1], r.age);
      text(node.children[2], r.why);
      (node.children[2] as HTMLElement).hidden = !r.why;
    },
  );
}

export function selectedPanel(v: View, colours: Colours, act: Actions): void {
  const box = $("selected");
  const track = v.site.tracks.get(v.choice.selected);
  const zone = v.site.ground.zones.find((z) => z.id === v.choice.zone);
  const key = track ? `t${track.id}` : zone ? `z${zone.id}` : "";
  if (box.dataset.key !== key) {
    box.dataset.key = key;
    box.replaceChildren();
    if (track) box.append(h("table", {}, h("tbody")), h("canvas", { class: "plot", "aria-label": "Height and speed over time" }));
    else if (zone) {
      const button = (what: string, words: string, danger = false) =>
        h("button", { type: "button", class: danger ? "danger" : "", "data-do": what, onclick: () => act.decide(what, [zone.id]) }, words);
      box.append(
        h("table", {}, h("tbody")),
        h("div", { class: "buttons" }, button("warn", "Warn (W)", true), button("hold", "Hold (O)"), button("release", "Release (R)"), button("cancel", "Cancel (C)"), button("silence", "Silence sirens (Q)")),
      );
    } else box.append(h("p", { class: "note" }, v.choice.selected >= 0 ? `T${v.choice.selected} is not there.` : "Nothing. Click a track or a zone, or press J for the next alarm."));
  }
  text($("selected-title"), track ? `Track T${track.id}` : zone ? `Zone ${zone.name}` : "Selected");
  if (track) fillTrack(v, track, box, colours);
  else if (zone) {
    const state = v.site.zones.get(zone.id);
    const warning = [...v.site.warnings.values()].filter((w) => w.zone === zone.id && w.open)[0];
    rows(box, [
      ["State", (state?.state ?? "unknown").toUpperCase() + (state?.held ? ", held" : "")],
      ["Since", state ? seconds((v.now - state.since_ms) / 1000) : ""],
      ["Warning", warning ? `W${warning.warning} ${warning.phase}, ${WORDS[warning.class]}` : "none"],
      ["Impact", impactWords(warning?.impact_ms, v.now)],
      ["Probability", warning?.probability != null ? `${(100 * warning.probability).toFixed(0)} %` : ""],
      ["People", zone.population ? zone.population.toLocaleString("en") : ""],
      ["To shelter", `${zone.shelter_time_s} s`],
      ["Why", state?.reason || warning?.reason || ""],
    ]);
    for (const button of box.querySelectorAll<HTMLButtonElement>("button")) button.disabled = !v.may || !v.live;
  }
}

function rows(box: HTMLElement, pairs: [string, string][]): void {
  const list = pairs.filter(([, value]) => value !== "");
  sync(
    box.querySelector("tbody")!,
    list,
    ([name]) => name,
    ([name]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "figures" })),
    (node, [, value]) => text(node.children[1], value),
  );
}

function fillTrack(v: View, t: Track, box: HTMLElement, colours: Colours): void {
  const p = t.prediction;
  const g = v.site.ground;
  const sensors = g.sensors.filter((_, i) => i < 32 && (t.sensors >>> i) & 1).map((s) => s.id);
  const sigma = Math.sqrt(Math.max(t.cee, t.cnn));
  const zone = p && p.kind === 1 && p.asset >= 0 ? g.zones[p.asset]?.name : "";
  rows(box, [
    ["Class", `${WORDS[CLASSES[t.cls]]}, ${(100 * t.p).toFixed(0)} %`],
    ["Status", `${STATUS[t.status]}, ${MODES[t.mode]}${t.flags ? ", simulated" : ""}`],
    ["Exists", `${(100 * t.x).toFixed(0)} %`],
    ["Place", `${metres(Math.hypot(t.e, t.n))} at ${String(Math.round((Math.atan2(t.e, t.n) / Math.PI) * 180 + 360) % 360).padStart(3, "0")}°, ±${sigma.toFixed(0)} m`],
    ["Height", `${Math.round(t.u)} m, ${t.vu >= 0 ? "+" : ""}${Math.round(t.vu)} m/s`],
    ["Speed", `${Math.round(Math.hypot(t.ve, t.vn, t.vu))} m/s, heading ${String(Math.round((Math.atan2(t.ve, t.vn) / Math.PI) * 180 + 360) % 360).padStart(3, "0")}°`],
    ["Impact", p && p.kind === 0 ? `in ${((p.it - v.now) / 1000).toFixed(1)} s ± ${p.is.toFixed(1)}` : ""],
    ["Ellipse", p && p.kind === 0 ? `${metres(2 * p.ia)} × ${metres(2 * p.ib)}, ${(100 * p.ip).toFixed(0)} %` : ""],
    ["Launch", p && p.kind === 0 && p.launch ? `${metres(Math.hypot(p.le, p.ln))} away, ± ${metres(p.la)}` : ""],
    ["Reaches", zone ? `${zone} in ${isNaN(p!.ta) ? "?" : p!.ta.toFixed(0)} s` : ""],
    ["Threat", p ? `${(100 * p.w).toFixed(0)} %` : "none predicted"],
    ["Sensors", sensors.join(", ")],
    ["Last seen", seconds((v.now - t.seen) / 1000) + " ago"],
    ["Age", seconds((v.now - t.first) / 1000)],
  ]);
  plot(box.querySelector("canvas")!, t, v.now, colours);
}

function plot(canvas: HTMLCanvasElement, t: Track, now: number, colours: Colours): void {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  const [w, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = Math.round(w * ratio);
  canvas.height = Math.round(height * ratio);
  const c = canvas.getContext("2d")!;
  c.scale(ratio, ratio);
  if (t.trail.length < 2) return;
  const from = t.trail[0].t;
  c.font = "10px system-ui, sans-serif";
  for (const [name, unit, colour, dash] of [["u", "m", colours.sensor, []], ["v", "m/s", colours.prepare, [4, 3]]] as const) {
    const values = t.trail.map((p) => p[name]);
    const [low, high] = [Math.min(0, ...values), Math.max(1, ...values)];
    const y = (value: number) => height - 14 - ((value - low) / (high - low)) * (height - 26);
    c.strokeStyle = c.fillStyle = colour;
    c.lineWidth = 1.6;
    c.setLineDash([...dash]);
    c.beginPath();
    for (const p of t.trail) c.lineTo(((p.t - from) / Math.max(now - from, 1000)) * (w - 4), y(p[name]));
    c.stroke();
    c.textAlign = name === "u" ? "left" : "right";
    c.fillText(`${name === "u" ? "height" : "speed"} to ${Math.round(high)} ${unit}`, name === "u" ? 2 : w - 2, 10);
  }
  c.setLineDash([]);
  c.fillStyle = colours.faint;
  c.textAlign = "left";
  c.fillText(seconds((now - from) / 1000), 2, height - 2);
}

// -- drawers

export const DRAWERS: Record<string, string> = { tracks: "Tracks", warnings: "Warnings", incidents: "Incidents", calibration: "Calibration", log: "Log" };

export function trackTable(v: View, box: HTMLElement, act: Actions): void {
  const alarmed = v.model.alarmed(v.site.ground.id);
  const list = [...v.site.tracks.values()]
    .filter((t) => alarmed.has(t.id) || passes(v.choice.filter, t))
    .sort((a, b) => Number(alarmed.has(b.id)) - Number(alarmed.has(a.id)) || (a.prediction?.it ?? Infinity) - (b.prediction?.it ?? Infinity) || a.id - b.id)
    .slice(0, 200);
  table(box, "tracks", ["Id", "Class", "Status", "Range", "Height", "Speed", "Arrives", "Sensors", "Seen"]);
  sync(
    box.querySelector("tbody")!,
    list,
    (t) => String(t.id),
    (t) => {
      const go = () => act.chooseTrack(t.id);
      return h("tr", { tabindex: "0", onclick: go, onkeydown: (e: Event) => (e as KeyboardEvent).key === "Enter" && go() }, ...Array.from({ length: 9 }, () => h("td", { class: "figures" })));
    },
    (node, t) => {
      node.className = alarmed.has(t.id) ? "alarmed" : "";
      const sensors = v.site.ground.sensors.filter((_, i) => i < 32 && (t.sensors >>> i) & 1).map((s) => s.id);
      const cells = [
        `T${t.id}`, `${SHORT[t.cls]} ${(100 * t.p).toFixed(0)} %`, STATUS[t.status], metres(Math.hypot(t.e, t.n)), `${Math.round(t.u)} m`,
        `${Math.round(Math.hypot(t.ve, t.vn, t.vu))} m/s`, impactWords(t.prediction?.it, v.now), sensors.join(" "), `${seconds((v.now - t.seen) / 1000)} ago`,
      ];
      cells.forEach((words, i) => text(node.children[i], words));
    },
  );
}

export function warningTable(v: View, box: HTMLElement, act: Actions): void {
  const list = [...v.site.warnings.values()].sort((a, b) => Number(b.open) - Number(a.open) || b.time_ms - a.time_ms);
  const names = new Map(v.site.ground.zones.map((z) => [z.id, z.name]));
  table(box, "warnings", ["Warning", "Zone", "Phase", "Class", "Impact", "Probability", "Status", "Tracks", "Said", "Why"]);
  sync(
    box.querySelector("tbody")!,
    list,
    (w) => String(w.warning),
    (w) => h("tr", { tabindex: "0", onclick: () => act.chooseZone(w.zone) }, ...Array.from({ length: 10 }, () => h("td", { class: "figures" }))),
    (node, w) => {
      node.className = w.open ? "alarmed" : "";
      const chance = w.probability === null ? "" : `${(100 * w.probability).toFixed(0)} %`;
      const cells = [
        `W${w.warning}.${w.sequence}`, names.get(w.zone) ?? w.zone, w.phase.toUpperCase(), WORDS[w.class], impactWords(w.impact_ms, v.now), chance, w.status,
        w.tracks.map((t) => `T${t}`).join(" "), clock(w.time_ms), w.reason,
      ];
      cells.forEach((words, i) => text(node.children[i], words));
    },
  );
}

interface Figures {
  n: number;
  coverage: { claimed: number; observed: number | null; low: number | null; high: number | null }[];
  miss_m: { median: number } | null;
}
type Impacts = { known: Record<string, Figures> } | undefined;

/** Rows of the calibration: how many of the impacts that were found lay in the ellipses that had been predicted. */
export function calibrationLines(answer: unknown): string[][] {
  const percent = (share: number | null) => (share === null ? "" : `${Math.round(100 * share)} %`);
  const all = answer as { real: Impacts; simulated: Impacts };
  const lines: string[][] = [];
  for (const kind of ["real", "simulated"] as const)
    for (const [known, figures] of Object.entries(all[kind]?.known ?? {}))
      for (const c of figures.n ? figures.coverage : [])
        lines.push([`${figures.n} ${kind}`, known.replace("_", " "), percent(c.claimed), percent(c.observed), `${percent(c.low)} to ${percent(c.high)}`, figures.miss_m ? `${Math.round(figures.miss_m.median)} m` : ""]);
  return lines;
}

export function plainTable(box: HTMLElement, name: string, columns: string[], lines: string[][], empty: string): void {
  if (!lines.length) {
    box.replaceChildren(h("p", { class: "note" }, empty));
    box.dataset.key = "";
    return;
  }
  table(box, name, columns);
  sync(
    box.querySelector("tbody")!,
    lines.map((cells, i) => ({ cells, i })),
    (line) => `${line.i}/${line.cells[0]}`,
    (line) => h("tr", {}, ...line.cells.map(() => h("td", { class: "figures" }))),
    (node, line) => line.cells.forEach((words, i) => text(node.children[i], words)),
  );
}

function table(box: HTMLElement, name: string, columns: string[]): void {
  if (box.dataset.key === name) return;
  box.dataset.key = name;
  box.replaceChildren(h("table", {}, h("thead", {}, h("tr", {}, ...columns.map((c) => h("th", { scope: "col" }, c)))), h("tbody")));
}
