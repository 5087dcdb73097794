// Frames: one octet string becomes a header and typed-array views, without copying.
import { decode as unpack } from "@msgpack/msgpack";

export type Column = Uint32Array | Int16Array | Uint8Array | Float32Array | Float64Array;
export interface Table {
  n: number;
  removed: number[];
  columns: Record<string, Column>;
}
export interface Zone {
  zone: string;
  state: "unknown" | "quiet" | "prepare" | "shelter" | "release" | "cancel";
  watched: boolean;
  since_ms: number;
  warning: number;
  held: boolean;
  status: string;
  reason: string;
}
export interface Part {
  part: string;
  state: string;
  since_ms: number;
  reason: string;
  heard_ms?: number;
}
export interface Warning {
  warning: number;
  sequence: number;
  zone: string;
  phase: string;
  open: boolean;
  time_ms: number;
  class: string;
  impact_ms: number | null;
  probability: number | null;
  status: string;
  tracks: number[];
  reason: string;
  raid: number;
}
export interface Alarm {
  id: string;
  site: string;
  priority: "low" | "high" | "critical";
  title: string;
  text: string;
  state: "unacknowledged" | "acknowledged" | "returned" | "shelved" | "normal";
  raised_ms: number;
  changed_ms: number;
  by: string;
  shelved_until_ms: number | null;
  reason: string;
  kind?: string;
  zones?: string[];
  tracks?: number[];
  rounds?: number;
  impact_ms?: number | null;
  part?: string;
}
export interface Peer {
  id: string;
  kind: string;
  state: string;
  reason: string;
  queued: number;
  since_ms: number;
}
export interface Head {
  v: number;
  kind: "snapshot" | "delta" | "alarms" | "tick";
  mode: string;
  t: number;
  site?: string;
  seq?: number;
  base?: number;
  step_ms?: number;
  zones?: Zone[];
  health?: Part[];
  warnings?: Warning[];
  alarms?: Alarm[];
  all?: boolean;
  steps?: Record<string, number>;
  behind?: string[];
  peers?: Peer[];
  operators?: { name: string; role: string; sound: boolean }[];
  extra?: Record<string, unknown>;
}
export interface Frame {
  head: Head;
  tables: Record<string, Table>;
}

const MAGIC = 0x01504d52; // "RMP" and the version, little-endian
const VIEWS: Record<string, new (b: ArrayBuffer, o: number, n: number) => Column> = {
  u4: Uint32Array,
  i2: Int16Array,
  u1: Uint8Array,
  f4: Float32Array,
  f8: Float64Array,
};

interface RawTable {
  name: string;
  n: number;
  removed: number[];
  columns: [string, string, number][];
}

export function decode(octets: ArrayBuffer): Frame {
  const view = new DataView(octets);
  if (octets.byteLength < 8 || view.getUint32(0, true) !== MAGIC) throw new Error("not a frame of this version");
  const length = view.getUint32(4, true);
  const { tables: raw, ...head } = unpack(new Uint8Array(octets, 8, length)) as Head & { tables: RawTable[] };
  const start = Math.ceil((8 + length) / 8) * 8;
  const tables: Record<string, Table> = {};
  for (const { name, n, removed, columns } of raw) {
    const out: Record<string, Column> = {};
    for (const [column, type, offset] of columns) out[column] = new VIEWS[type](octets, start + offset, n);
    tables[name] = { n, removed, columns: out };
  }
  return { head: head as Head, tables };
}

/** Frames one after the other, each with its length in front. */
export function* split(octets: ArrayBuffer): Generator<Frame> {
  const view = new DataView(octets);
  let at = 0;
  while (at + 4 <= octets.byteLength) {
    const length = view.getUint32(at, true);
    yield decode(octets.slice(at + 4, at + 4 + length));
    at += 4 + length;
  }
}
