// Model: what is known of the sites, from frames. Live and look-back each have one of their own.
import type { Alarm, Frame, Head, Part, Peer, Warning, Zone } from "./frames";
import { Plane, type Point } from "./geo";
import type { PredictionRow, TrackRow } from "./schema";

export const CLASSES = ["rocket", "shell", "mortar", "multirotor", "fixed_wing", "bird", "aircraft", "clutter", "unknown"];
export const SHORT = ["RKT", "SHL", "MTR", "UAV", "UAV-F", "BIRD", "AIR", "CLT", "UNK"];
export const WORDS: Record<string, string> = {
  rocket: "Rocket",
  shell: "Shell",
  mortar: "Mortar bomb",
  multirotor: "Drone, rotors",
  fixed_wing: "Drone, wings",
  bird: "Bird",
  aircraft: "Aircraft",
  clutter: "Clutter",
  unknown: "Unknown",
};
export const STATUS = ["tentative", "confirmed", "coasted", "deleted"];
export const MODES = ["thrust", "ballistic", "cruise", "turn", "hover"];
const TRAIL = 80;

export interface ZoneGround {
  id: string;
  name: string;
  polygon_en_m: [number, number][];
  warn_radius_m: number;
  shelter_time_s: number;
  population: number;
  world: Point[];
  middle: Point;
}
export interface SensorGround {
  id: string;
  kind: string;
  position_enu_m: [number, number, number];
  scan_period_s: number;
  delay_s: number;
  cover_en_m: [number, number][];
  cover_of: { rcs_dbsm: number; height_m: number };
  world: Point;
  cover: Point[];
}
/** A piece of a ring about a sensor, and the share of its scans there in which it saw what was there. */
export interface Cell {
  from_deg: number;
  to_deg: number;
  from_m: number;
  to_m: number;
  scans: number;
  observed: number;
}
export interface Observed {
  id: string;
  modelled: number | null; // the share that its data sheet claims
  cells: Cell[];
}
export interface Ground {
  id: string;
  name: string;
  lat_deg: number;
  lon_deg: number;
  height_m: number;
  terrain: boolean;
  zones: ZoneGround[];
  sensors: SensorGround[];
  plane: Plane;
}

export interface Track extends TrackRow {
  at: Point; // world, at time t
  vx: number; // world per ms
  vy: number;
  trail: { x: number; y: number; t: number; u: number; v: number }[];
  prediction: Prediction | null;
}
export interface Prediction extends PredictionRow {
  impact: Point;
  launch: Point | null;
}

export function ground(raw: Ground): Ground {
  const plane = new Plane(raw.lat_deg, raw.lon_deg);
  for (const zone of raw.zones) {
    zone.world = zone.polygon_en_m.map(([e, n]) => plane.world(e, n));
    const count = zone.world.length;
    zone.middle = {
      x: zone.world.reduce((sum, p) => sum + p.x, 0) / count,
      y: zone.world.reduce((sum, p) => sum + p.y, 0) / count,
    };
  }
  for (const sensor of raw.sensors) {
    sensor.world = plane.world(sensor.position_enu_m[0], sensor.position_enu_m[1]);
    sensor.cover = sensor.cover_en_m.map(([e, n]) => plane.world(e, n));
  }
  return { ...raw, plane };
}

export class SiteModel {
  tracks = new Map<number, Track>();
  predictions = new Map<number, Prediction>();
  zones = new Map<string, Zone>();
  health = new Map<string, Part>();
  warnings = new Map<number, Warning>();
  sequence = -1;
  step_ms = 0;
  seen: Observed[] = [];
  seenAt = 0;

  constructor(readonly ground: Ground) {}

  observe(seen: Observed[]): void {
    [this.seen, this.seenAt] = [seen, this.seenAt + 1];
  }

  /** Take a frame; false if one before it is missing. */
  apply({ head, tables }: Frame): boolean {
    if (head.kind === "snapshot") {
      const keep = this.tracks;
      this.tracks = new Map();
      this.predictions.clear();
      for (const map of [this.zones, this.health, this.warnings]) map.clear();
      this.rows(tables, keep);
    } else {
      if (head.base !== this.sequence) return false;
      for (const id of tables.tracks?.removed ?? []) this.tracks.delete(id);
      for (const id of tables.predictions?.removed ?? []) this.predictions.delete(id);
      this.rows(tables, this.tracks);
    }
    this.sequence = head.seq ?? -1;
    this.step_ms = head.step_ms ?? this.step_ms;
    for (const zone of head.zones ?? []) this.zones.set(zone.zone, zone);
    for (const part of head.health ?? []) this.health.set(part.part, part);
    for (const warning of head.warnings ?? []) this.warnings.set(warning.warning, warning);
    for (const [id, track] of this.tracks) track.prediction = this.predictions.get(id) ?? null;
    return true;
  }

  private rows(tables: Frame["tables"], before: Map<number, Track>): void {
    const { tracks, predictions } = tables;
    const plane = this.ground.plane;
    for (let i = 0; i < (predictions?.n ?? 0); i++) {
      const row = pick<PredictionRow>(predictions.columns, i);
      const impact = plane.world(row.ie, row.in);
      this.predictions.set(row.id, { ...row, impact, launch: isNaN(row.le) ? null : plane.world(row.le, row.ln) });
    }
    for (let i = 0; i < (tracks?.n ?? 0); i++) {
      const row = pick<TrackRow>(tracks.columns, i);
      const at = plane.world(row.e, row.n);
      const ahead = plane.world(row.e + row.ve, row.n + row.vn);
      const trail = before.get(row.id)?.trail ?? [];
      const speed = Math.hypot(row.ve, row.vn, row.vu);
      const last = trail[trail.length - 1];
      if (!last || row.t > last.t) trail.push({ x: at.x, y: at.y, t: row.t, u: row.u, v: speed });
      if (trail.length > TRAIL) trail.shift();
      this.tracks.set(row.id, {
        ...row,
        at,
        vx: (ahead.x - at.x) / 1000,
        vy: (ahead.y - at.y) / 1000,
        trail,
        prediction: null,
      });
    }
  }
}

function pick<T>(columns: Record<string, ArrayLike<number>>, i: number): T {
  const row: Record<string, number> = {};
  for (const name in columns) row[name] = columns[name][i];
  return row as T;
}

export class Model {
  sites = new Map<string, SiteModel>();
  alarms = new Map<string, Alarm>();
  peers: Peer[] = [];
  operators: Head["operators"] = [];
  behind: string[] = [];
  steps: Record<string, number> = {};
  extra: Record<string, unknown> = {};
  mode = "";
  t = 0; // time of the latest frame
  gaps = 0;

  constructor(grounds: Ground[]) {
    for (const g of grounds) this.sites.set(g.id, new SiteModel(g));
  }

  apply(frame: Frame): boolean {
    const { head } = frame;
    this.mode = head.mode;
    this.t = Math.max(this.t, head.t);
    if (head.kind === "tick") {
      this.peers = head.peers ?? [];
      this.operators = head.operators;
      this.behind = head.behind ?? [];
      this.steps = head.steps ?? {};
      this.extra = head.extra ?? {};
      return true;
    }
    if (head.kind === "alarms") {
      if (head.all) this.alarms.clear();
      for (const alarm of head.alarms ?? []) {
        if (alarm.state === "normal") this.alarms.delete(alarm.id);
        else this.alarms.set(alarm.id, alarm);
      }
      return true;
    }
    const site = this.sites.get(head.site ?? "");
    if (!site || site.apply(frame)) return true;
    this.gaps++;
    return false;
  }

  /** Numbers of the tracks that an alarm is about: no filter hides these. */
  alarmed(site: string): Set<number> {
    const out = new Set<number>();
    for (const alarm of this.alarms.values())
      if (alarm.site === site && alarm.state !== "returned") for (const track of alarm.tracks ?? []) out.add(track);
    for (const warning of this.sites.get(site)?.warnings.values() ?? [])
      if (warning.open) for (const track of warning.tracks) out.add(track);
    return out;
  }
}

const RANK = { critical: 2, high: 1, low: 0 };
export function sorted(alarms: Iterable<Alarm>): Alarm[] {
  const active = (a: Alarm) => (a.state === "returned" ? 0 : a.state === "shelved" ? 1 : 2);
  return [...alarms].sort(
    (a, b) => active(b) - active(a) || RANK[b.priority] - RANK[a.priority] || b.raised_ms - a.raised_ms,
  );
}
