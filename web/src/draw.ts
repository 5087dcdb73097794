// Draw: the map on a canvas. What stands still is drawn once per view; what flies, each time.
import { visible, type Filter } from "./filter";
import type { Zone } from "./frames";
import { Camera, RAD, type Point } from "./geo";
import { CLASSES, SHORT, type Cell, type Model, type SiteModel, type Track } from "./model";
import { colourOf, Symbols, SYMBOL_SIZE, type Look } from "./symbols";
import type { Colours } from "./theme";

export interface Layers {
  base: boolean;
  rings: boolean;
  cover: boolean;
  observed: boolean;
  zones: boolean;
  launches: boolean;
  impacts: boolean;
  trails: boolean;
  tracks: boolean;
  labels: boolean;
}
export const LAYERS: (keyof Layers)[] = ["base", "rings", "cover", "zones", "launches", "impacts", "trails", "tracks", "labels", "observed"];

export interface Scene {
  model: Model;
  site: SiteModel;
  camera: Camera;
  layers: Layers;
  filter: Filter;
  now: number;
  selected: number;
  zone: string;
  stale: boolean;
  still: boolean; // prefers-reduced-motion
  lines: Float64Array[] | null; // outlines of countries, world units
}

export interface Stats {
  drawn: number;
  hidden: number;
  ms: number;
  shed: number; // 0: nothing; 1: trails short; 2: no trails; 3: labels of alarms only
  frames: number;
}

const RINGS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200];
const FALL = new Set([0, 1, 2]);

export class Painter {
  stats: Stats = { drawn: 0, hidden: 0, ms: 0, shed: 0, frames: 0 };
  places: { id: number; x: number; y: number }[] = [];
  private due: { x: number; y: number; reach: number; left: number; alarmed: boolean; colour: string }[] = [];
  private ground = document.createElement("canvas");
  private groundKey = "";
  private symbols: Symbols;
  private slow = 0;

  constructor(
    private canvas: HTMLCanvasElement,
    private colours: Colours,
    private ratio: number,
  ) {
    this.symbols = new Symbols(colours, ratio);
  }

  recolour(colours: Colours): void {
    this.colours = colours;
    this.symbols = new Symbols(colours, this.ratio);
    this.groundKey = "";
  }

  resize(camera: Camera): void {
    const box = this.canvas.getBoundingClientRect();
    this.ratio = Math.min(window.devicePixelRatio || 1, 2);
    this.canvas.width = this.ground.width = Math.max(1, Math.round(box.width * this.ratio));
    this.canvas.height = this.ground.height = Math.max(1, Math.round(box.height * this.ratio));
    [camera.width, camera.height] = [box.width, box.height];
    this.symbols = new Symbols(this.colours, this.ratio);
    this.groundKey = "";
  }

  draw(s: Scene): void {
    const began = performance.now();
    const c = this.canvas.getContext("2d")!;
    this.still(s);
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.clearRect(0, 0, this.canvas.width, this.canvas.height);
    c.drawImage(this.ground, 0, 0);
    c.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    const alarmed = s.model.alarmed(s.site.ground.id);
    const shown: Track[] = [];
    let hidden = 0;
    for (const track of s.site.tracks.values()) visible(s.filter, track, alarmed) ? shown.push(track) : hidden++;
    if (s.layers.zones) this.zones(c, s);
    if (s.layers.launches) for (const t of shown) this.launch(c, s, t);
    this.due = [];
    if (s.layers.impacts) for (const t of shown) this.impact(c, s, t, alarmed.has(t.id));
    if (s.layers.trails && this.stats.shed < 2) this.trails(c, s, shown);
    this.tracks(c, s, shown, alarmed);
    this.times(c);
    this.stats.drawn = shown.length;
    this.stats.hidden = hidden;
    this.stats.frames++;
    this.pace(performance.now() - began);
  }

  /** Shed trails first, labels second, tracks never. */
  private pace(ms: number): void {
    this.stats.ms = 0.9 * this.stats.ms + 0.1 * ms;
    this.slow += this.stats.ms > 30 ? 1 : this.stats.ms < 12 ? -0.25 : 0;
    if (this.slow > 10 && this.stats.shed < 3) [this.stats.shed, this.slow] = [this.stats.shed + 1, 0];
    if (this.slow < -20 && this.stats.shed > 0) [this.stats.shed, this.slow] = [this.stats.shed - 1, 0];
    this.slow = Math.max(-21, this.slow);
  }

  // -- what stands still

  private still(s: Scene): void {
    const { camera } = s;
    const key = [
      camera.centre.x, camera.centre.y, camera.zoom, camera.width, camera.height, s.site.ground.id, s.layers.base, s.layers.rings,
      s.layers.cover, s.layers.observed ? s.site.seenAt : 0, s.lines?.length ?? 0, [...s.site.health.values()].map((h) => h.state).join(),
    ].join();
    if (key === this.groundKey) return;
    this.groundKey = key;
    const c = this.ground.getContext("2d")!;
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.clearRect(0, 0, this.ground.width, this.ground.height);
    c.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    if (s.layers.base && s.lines) this.borders(c, s);
    if (s.layers.cover) this.cover(c, s);
    if (s.layers.observed) this.observed(c, s);
    if (s.layers.rings) this.rings(c, s);
    this.sensors(c, s);
    this.measure(c, s);
  }

  private borders(c: CanvasRenderingContext2D, s: Scene): void {
    const k = s.camera.scale;
    const [dx, dy] = [s.camera.width / 2 - s.camera.centre.x * k, s.camera.height / 2 - s.camera.centre.y * k];
    c.beginPath();
    for (const line of s.lines!) {
      let near = false;
      for (let i = 0; i < line.length; i += 2) {
        const [x, y] = [line[i] * k + dx, line[i + 1] * k + dy];
        const inside = x > -9000 && x < s.camera.width + 9000 && y > -9000 && y < s.camera.height + 9000;
        if (inside && near) c.lineTo(x, y);
        else c.moveTo(x, y);
        near = inside;
      }
    }
    c.strokeStyle = this.colours.border;
    c.lineWidth = 1;
    c.stroke();
  }

  private cover(c: CanvasRenderingContext2D, s: Scene): void {
    for (const sensor of s.site.ground.sensors) {
      if (!sensor.cover.length) continue;
      const works = ["ok", "degraded"].includes(s.site.health.get(`sensor/${sensor.id}`)?.state ?? "ok");
      this.path(c, s.camera, sensor.cover);
      c.fillStyle = this.colours.cover;
      c.globalAlpha = works ? 0.07 : 0;
      c.fill();
      c.globalAlpha = works ? 0.55 : 0.35;
      c.strokeStyle = works ? this.colours.cover : this.colours.shelter;
      c.setLineDash(works ? [2, 5] : [8, 8]);
      c.lineWidth = 1.2;
      c.stroke();
      c.setLineDash([]);
      c.globalAlpha = 1;
    }
  }

  /** What sensors saw of what they looked at, against their data sheets: below half of it hatched, as not watched. */
  private observed(c: CanvasRenderingContext2D, s: Scene): void {
    for (const { id, modelled, cells } of s.site.seen) {
      const sensor = s.site.ground.sensors.find((one) => one.id === id);
      if (!sensor) continue;
      for (const cell of cells) {
        const share = cell.observed / (modelled || 1);
        this.wedge(c, s, sensor.world, cell);
        if (share < 0.5) this.hatch(c, this.colours.shelter);
        c.fillStyle = share < 0.5 ? this.colours.shelter : share < 0.9 ? this.colours.prepare : this.colours.cover;
        c.globalAlpha = 0.28;
        c.fill();
        c.globalAlpha = 1;
      }
    }
  }

  private wedge(c: CanvasRenderingContext2D, s: Scene, centre: Point, cell: Cell): void {
    const at = s.camera.toScreen(centre);
    const perM = s.site.ground.plane.metre * s.camera.scale;
    const [from, to] = [(cell.from_deg - 90) * RAD, (cell.to_deg - 90) * RAD]; // of a canvas, from east
    c.beginPath();
    c.arc(at.x, at.y, cell.to_m * perM, from, to);
    c.arc(at.x, at.y, cell.from_m * perM, to, from, true);
    c.closePath();
  }

  private rings(c: CanvasRenderingContext2D, s: Scene): void {
    const { plane } = s.site.ground;
    const centre = s.camera.toScreen(plane.origin);
    const perKm = 1000 * plane.metre * s.camera.scale;
    const least = RINGS.find((r) => r * perKm > 90) ?? 200;
    const at = RINGS.indexOf(least);
    c.strokeStyle = this.colours.ring;
    c.fillStyle = this.colours.faint;
    c.font = "11px system-ui, sans-serif";
    c.textAlign = "center";
    c.lineWidth = 1;
    for (const km of RINGS.slice(at, at + 5)) {
      c.strokeStyle = this.colours.ring;
      c.lineWidth = 1;
      c.beginPath();
      c.arc(centre.x, centre.y, km * perKm, 0, 2 * Math.PI);
      c.stroke();
      const label = km < 1 ? `${km * 1000} m` : `${km} km`;
      this.text(c, label, centre.x + km * perKm * Math.sin(0.02), centre.y - km * perKm - 4, this.colours.faint);
    }
    const far = RINGS[Math.min(at + 4, RINGS.length - 1)] * perKm;
    c.beginPath();
    for (let d = 0; d < 360; d += 30) {
      const [sx, sy] = [Math.sin(d * RAD), -Math.cos(d * RAD)];
      c.moveTo(centre.x + sx * least * perKm, centre.y + sy * least * perKm);
      c.lineTo(centre.x + sx * far, centre.y + sy * far);
    }
    c.strokeStyle = this.colours.ring;
    c.lineWidth = 1;
    c.globalAlpha = 0.6;
    c.stroke();
    c.globalAlpha = 1;
    const edge = RINGS[Math.min(at + 1, RINGS.length - 1)] * perKm;
    for (let d = 30; d < 360; d += 30)
      this.text(c, String(d).padStart(3, "0"), centre.x + Math.sin(d * RAD) * edge, centre.y - Math.cos(d * RAD) * edge + 4, this.colours.faint);
  }

  private sensors(c: CanvasRenderingContext2D, s: Scene): void {
    for (const sensor of s.site.ground.sensors) {
      const p = s.camera.toScreen(sensor.world);
      const works = ["ok", "degraded"].includes(s.site.health.get(`sensor/${sensor.id}`)?.state ?? "ok");
      c.strokeStyle = works ? this.colours.sensor : this.colours.shelter;
      c.lineWidth = 1.8;
      c.beginPath();
      c.moveTo(p.x - 5, p.y + 6);
      c.lineTo(p.x + 5, p.y + 6);
      c.moveTo(p.x, p.y + 6);
      c.lineTo(p.x, p.y - 2);
      c.arc(p.x, p.y - 2, 5, 0.15 * Math.PI, 0.85 * Math.PI);
      if (!works) {
        c.moveTo(p.x - 8, p.y - 8);
        c.lineTo(p.x + 8, p.y + 8);
      }
      c.stroke();
      c.textAlign = "left";
      c.font = "11px system-ui, sans-serif";
      this.text(c, sensor.id, p.x + 8, p.y + 13, c.strokeStyle as string);
    }
  }

  private measure(c: CanvasRenderingContext2D, s: Scene): void {
    const perM = s.site.ground.plane.metre * s.camera.scale;
    const length = RINGS.map((r) => r * 1000).find((m) => m * perM > 70) ?? 200000;
    const [x, y] = [14, s.camera.height - 16];
    c.strokeStyle = this.colours.ink;
    c.lineWidth = 1.5;
    c.beginPath();
    c.moveTo(x, y - 5);
    c.lineTo(x, y);
    c.lineTo(x + length * perM, y);
    c.lineTo(x + length * perM, y - 5);
    c.stroke();
    c.textAlign = "left";
    c.font = "11px system-ui, sans-serif";
    const ground = s.site.ground.terrain ? "" : "   no terrain: flat ground";
    this.text(c, (length < 1000 ? `${length} m` : `${length / 1000} km`) + ground, x + 4, y - 6, this.colours.ink);
  }

  // -- what changes

  private zones(c: CanvasRenderingContext2D, s: Scene): void {
    const beat = s.still ? 0.5 : 0.5 + 0.5 * Math.sin(performance.now() / 250); // 0.6 Hz
    for (const ground of s.site.ground.zones) {
      const state = s.site.zones.get(ground.id);
      const phase = state?.state ?? "unknown";
      this.path(c, s.camera, ground.world);
      const lit = phase === "shelter" || phase === "prepare";
      const colour = (
        { shelter: this.colours.shelter, prepare: this.colours.prepare, release: this.colours.release, cancel: this.colours.cancel,
          unknown: this.colours.unknown, quiet: this.colours.zone } as Record<string, string>
      )[phase];
      c.fillStyle = lit || phase === "release" ? colour : this.colours["zone-fill"];
      c.globalAlpha = phase === "shelter" ? 0.38 + 0.2 * beat : lit ? 0.34 : phase === "release" ? 0.22 : 0.5;
      c.fill();
      c.globalAlpha = 1;
      if (phase === "unknown" || state?.watched === false) {
        this.hatch(c, colour);
        this.path(c, s.camera, ground.world);
      }
      c.strokeStyle = colour;
      c.lineWidth = lit ? 3 : ground.id === s.zone ? 2.5 : 1.4;
      c.setLineDash(phase === "unknown" ? [5, 4] : []);
      c.stroke();
      c.setLineDash([]);
      if (ground.id === s.zone) {
        c.strokeStyle = this.colours.select;
        c.lineWidth = 1.5;
        c.stroke();
      }
      this.zoneLabel(c, s, ground.name, s.camera.toScreen(ground.middle), ground.world, phase, state, colour);
    }
  }

  private zoneLabel(
    c: CanvasRenderingContext2D, s: Scene, name: string, at: Point, world: Point[], phase: string, state: Zone | undefined, colour: string,
  ): void {
    const corners = world.map((p) => s.camera.toScreen(p));
    const wide = Math.max(...corners.map((p) => p.x)) - Math.min(...corners.map((p) => p.x));
    const loud = phase !== "quiet";
    if (wide < (loud ? 10 : 26)) return;
    c.textAlign = "center";
    c.font = "600 12px system-ui, sans-serif";
    const inside = wide > c.measureText(name).width + 8;
    const base = inside ? at.y + (loud ? -4 : 4) : Math.max(...corners.map((p) => p.y)) + 15;
    if (inside || wide > 44 || loud || name.length < 8) this.text(c, name, at.x, base, this.colours.ink);
    if (!loud) return;
    const words = phase === "unknown" ? "NOT WATCHED" : phase.toUpperCase() + (state?.held ? " · HELD" : "");
    c.font = "700 12px system-ui, sans-serif";
    this.text(c, words, at.x, base + 15, phase === "unknown" ? this.colours.ink : colour);
  }

  private hatch(c: CanvasRenderingContext2D, colour: string): void {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 9;
    const line = tile.getContext("2d")!;
    line.strokeStyle = colour;
    line.beginPath();
    for (const x of [0, 9, 18]) {
      line.moveTo(x, 0);
      line.lineTo(x - 9, 9);
    }
    line.stroke();
    c.globalAlpha = 0.45;
    c.fillStyle = c.createPattern(tile, "repeat")!;
    c.fill();
    c.globalAlpha = 1;
  }

  private impact(c: CanvasRenderingContext2D, s: Scene, t: Track, alarmed: boolean): void {
    const p = t.prediction;
    if (!p || p.w < 0.2) return;
    const here = this.where(s, t);
    const there = s.camera.toScreen(p.impact);
    const colour = alarmed ? this.colours.impact : colourOf(CLASSES[t.cls], this.colours);
    c.strokeStyle = colour;
    c.globalAlpha = alarmed ? 0.9 : 0.5;
    c.lineWidth = alarmed ? 1.6 : 1;
    c.setLineDash([5, 5]);
    c.beginPath();
    c.moveTo(here.x, here.y);
    c.lineTo(there.x, there.y);
    c.stroke();
    c.setLineDash([]);
    if (p.kind === 1) {
      c.globalAlpha = 1;
      return; // a drone's reach: where its course leads
    }
    const perM = s.site.ground.plane.metre * s.camera.scale;
    const half = Math.sqrt(-2 * Math.log(1 - 0.5)) / Math.sqrt(-2 * Math.log(1 - Math.min(p.ip, 0.9999)));
    for (const k of [1, half]) {
      c.beginPath();
      c.ellipse(there.x, there.y, Math.max(4, k * p.ia * perM), Math.max(4, k * p.ib * perM), p.iz - Math.PI / 2, 0, 2 * Math.PI);
      c.globalAlpha = alarmed ? 0.16 : 0.08;
      c.fillStyle = colour;
      c.fill();
      c.globalAlpha = alarmed ? 1 : 0.7;
      c.stroke();
    }
    c.beginPath();
    c.moveTo(there.x - 4, there.y);
    c.lineTo(there.x + 4, there.y);
    c.moveTo(there.x, there.y - 4);
    c.lineTo(there.x, there.y + 4);
    c.stroke();
    c.globalAlpha = 1;
    if (this.stats.shed >= 3 && !alarmed) return;
    this.due.push({ x: there.x, y: there.y, reach: Math.max(6, p.ib * perM), left: (p.it - s.now) / 1000, alarmed, colour });
  }

  /** Times to impact: those close together as one, with how many. */
  private times(c: CanvasRenderingContext2D): void {
    c.textAlign = "left";
    const rest = this.due.sort((a, b) => a.left - b.left);
    while (rest.length) {
      const first = rest.shift()!;
      const near = rest.filter((d) => Math.hypot(d.x - first.x, d.y - first.y) < 46);
      for (const d of near) rest.splice(rest.indexOf(d), 1);
      const all = [first, ...near];
      const soonest = all.find((d) => d.left >= 0);
      const words = soonest ? `${soonest.left.toFixed(0)} s` : "due";
      const x = Math.max(...all.map((d) => d.x + d.reach)) + 6;
      c.font = `700 ${first.alarmed ? 15 : 12}px system-ui, sans-serif`;
      this.text(c, near.length ? `${words} (${all.length})` : words, x, first.y + 5, first.colour);
    }
  }

  private launch(c: CanvasRenderingContext2D, s: Scene, t: Track): void {
    const p = t.prediction;
    if (!p?.launch || p.kind === 1 || p.w < 0.2) return;
    const at = s.camera.toScreen(p.launch);
    const perM = s.site.ground.plane.metre * s.camera.scale;
    c.strokeStyle = c.fillStyle = this.colours.launch;
    c.lineWidth = 1.3;
    if (p.la * perM < 20000) {
      c.beginPath();
      c.ellipse(at.x, at.y, Math.max(4, p.la * perM), Math.max(4, p.lb * perM), p.lz - Math.PI / 2, 0, 2 * Math.PI);
      c.globalAlpha = 0.1;
      c.fill();
      c.globalAlpha = 0.8;
      c.setLineDash([3, 3]);
      c.stroke();
      c.setLineDash([]);
    }
    c.globalAlpha = 1;
    c.beginPath();
    c.moveTo(at.x, at.y - 5);
    c.lineTo(at.x + 5, at.y + 4);
    c.lineTo(at.x - 5, at.y + 4);
    c.closePath();
    c.stroke();
  }

  private trails(c: CanvasRenderingContext2D, s: Scene, shown: Track[]): void {
    const k = s.camera.scale;
    const [dx, dy] = [s.camera.width / 2 - s.camera.centre.x * k, s.camera.height / 2 - s.camera.centre.y * k];
    const most = this.stats.shed === 1 ? 12 : shown.length > 500 ? 20 : 80;
    const trail = (t: Track) => {
      const first = Math.max(0, t.trail.length - most);
      for (let i = first; i < t.trail.length; i++) {
        const [x, y] = [t.trail[i].x * k + dx, t.trail[i].y * k + dy];
        if (i === first) c.moveTo(x, y);
        else c.lineTo(x, y);
      }
      const here = this.where(s, t);
      c.lineTo(here.x, here.y);
    };
    c.lineWidth = 1.4;
    c.globalAlpha = 0.45;
    for (let cls = 0; cls < CLASSES.length; cls++) {
      c.strokeStyle = colourOf(CLASSES[cls], this.colours);
      c.beginPath(); // one path for all of a class: a stroke each would cost more than all else
      for (const t of shown) if (t.cls === cls) trail(t);
      c.stroke();
    }
    const chosen = s.site.tracks.get(s.selected);
    if (chosen) {
      c.globalAlpha = 0.95;
      c.strokeStyle = colourOf(CLASSES[chosen.cls], this.colours);
      c.beginPath();
      trail(chosen);
      c.stroke();
    }
    c.globalAlpha = 1;
  }

  /** Where a track is now: its last row, flown straight on. */
  private where(s: Scene, t: Track): Point {
    const dt = Math.max(0, Math.min(s.now - t.t, 6000));
    return s.camera.toScreen({ x: t.at.x + dt * t.vx, y: t.at.y + dt * t.vy });
  }

  private tracks(c: CanvasRenderingContext2D, s: Scene, shown: Track[], alarmed: Set<number>): void {
    this.places = [];
    const taken = new Set<number>();
    const half = SYMBOL_SIZE / 2;
    const order = shown.sort((a, b) => Number(alarmed.has(a.id)) - Number(alarmed.has(b.id)));
    for (const t of order) {
      const p = this.where(s, t);
      const alarm = alarmed.has(t.id);
      if (!s.layers.tracks && !alarm) continue;
      if (p.x < -40 || p.y < -40 || p.x > s.camera.width + 40 || p.y > s.camera.height + 40) {
        if (alarm) this.edge(c, s, p, t);
        continue;
      }
      this.places.push({ id: t.id, x: p.x, y: p.y });
      const look: Look = t.status === 1 ? "firm" : t.status === 2 ? "coasted" : "tentative";
      const stamp = this.symbols.stamp(t.cls, look);
      const turns = FALL.has(t.cls) || CLASSES[t.cls] === "fixed_wing" || CLASSES[t.cls] === "aircraft";
      if (turns) {
        c.save();
        c.translate(p.x, p.y);
        c.rotate(Math.atan2(t.ve, t.vn));
        c.drawImage(stamp, -half, -half, SYMBOL_SIZE, SYMBOL_SIZE);
        c.restore();
      } else c.drawImage(stamp, p.x - half, p.y - half, SYMBOL_SIZE, SYMBOL_SIZE);
      if (alarm) this.ring(c, p, this.colours.alarm, 15, [], 2.2);
      if (t.id === s.selected) this.ring(c, p, this.colours.select, 19, [6, 4], 1.8);
      if (s.layers.labels && (this.stats.shed < 3 || alarm)) this.label(c, s, t, p, taken, alarm || t.id === s.selected);
    }
  }

  private edge(c: CanvasRenderingContext2D, s: Scene, p: Point, t: Track): void {
    // an alarmed track beyond the edge: an arrow to where it is
    const [w, h] = [s.camera.width / 2, s.camera.height / 2];
    const [dx, dy] = [p.x - w, p.y - h];
    const k = Math.min((w - 26) / Math.abs(dx || 1), (h - 26) / Math.abs(dy || 1));
    const at = { x: w + dx * k, y: h + dy * k };
    this.places.push({ id: t.id, x: at.x, y: at.y });
    c.save();
    c.translate(at.x, at.y);
    c.rotate(Math.atan2(dx, -dy));
    c.beginPath();
    c.moveTo(0, -11);
    c.lineTo(8, 6);
    c.lineTo(-8, 6);
    c.closePath();
    c.fillStyle = this.colours.alarm;
    c.fill();
    c.restore();
    c.font = "700 11px system-ui, sans-serif";
    c.textAlign = "center";
    this.text(c, `T${t.id}`, at.x, at.y + (dy > 0 ? -12 : 20), this.colours.alarm);
  }

  private ring(c: CanvasRenderingContext2D, p: Point, colour: string, radius: number, dash: number[], width: number): void {
    c.beginPath();
    c.arc(p.x, p.y, radius, 0, 2 * Math.PI);
    c.strokeStyle = colour;
    c.lineWidth = width;
    c.setLineDash(dash);
    c.stroke();
    c.setLineDash([]);
  }

  private label(c: CanvasRenderingContext2D, s: Scene, t: Track, p: Point, taken: Set<number>, always: boolean): void {
    const many = s.site.tracks.size > 400;
    const cell = Math.floor(p.x / (many ? 120 : 76)) * 10007 + Math.floor(p.y / (many ? 60 : 26));
    if (!always && (taken.has(cell) || taken.size > 150)) return;
    taken.add(cell);
    c.textAlign = "left";
    c.font = "600 11px system-ui, sans-serif";
    this.text(c, `T${t.id} ${SHORT[t.cls]}`, p.x + 19, p.y - 3, this.colours.ink);
    if (!always && many) return;
    c.font = "11px system-ui, sans-serif";
    const speed = Math.hypot(t.ve, t.vn, t.vu);
    this.text(c, `${Math.round(t.u)} m  ${Math.round(speed)} m/s`, p.x + 19, p.y + 10, this.colours.faint);
  }

  private text(c: CanvasRenderingContext2D, words: string, x: number, y: number, colour: string): void {
    c.strokeStyle = this.colours.halo;
    c.lineWidth = 3;
    c.lineJoin = "round";
    c.globalAlpha = 0.85;
    c.strokeText(words, x, y);
    c.globalAlpha = 1;
    c.fillStyle = colour;
    c.fillText(words, x, y);
  }

  private path(c: CanvasRenderingContext2D, camera: Camera, world: Point[]): void {
    c.beginPath();
    for (const point of world) {
      const p = camera.toScreen(point);
      c.lineTo(p.x, p.y);
    }
    c.closePath();
  }

  /** The track nearest to a place on the screen. */
  hit(x: number, y: number): number {
    let [best, least] = [-1, 18];
    for (const place of this.places) {
      const d = Math.hypot(place.x - x, place.y - y);
      if (d < least) [best, least] = [place.id, d];
    }
    return best;
  }
}
