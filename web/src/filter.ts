// Filter: which tracks are drawn. What an alarm is about is always drawn.
import { CLASSES, type Track } from "./model";

export interface Filter {
  classes: Set<string>; // hidden ones
  existence: number; // least
  below_m: number; // height; Infinity: all
  above_m: number;
  within_m: number; // distance from the site's origin
  threats: boolean; // only those with a prediction into a zone or a reach
  sensor: number; // bit, -1: any
  id: string; // regular expression
}

export function everything(): Filter {
  return {
    classes: new Set(),
    existence: 0,
    below_m: Infinity,
    above_m: -Infinity,
    within_m: Infinity,
    threats: false,
    sensor: -1,
    id: "",
  };
}

let compiled: { text: string; test: RegExp | null } = { text: "", test: null };
function pattern(text: string): RegExp | null {
  if (compiled.text !== text) {
    try {
      compiled = { text, test: text ? new RegExp(text, "i") : null };
    } catch {
      compiled = { text, test: null }; // half-typed: everything is shown
    }
  }
  return compiled.test;
}

export function passes(f: Filter, t: Track): boolean {
  if (f.classes.has(CLASSES[t.cls])) return false;
  if (t.x < f.existence) return false;
  if (t.u > f.below_m || t.u < f.above_m) return false;
  if (Math.hypot(t.e, t.n) > f.within_m) return false;
  if (f.threats && !t.prediction) return false;
  if (f.sensor >= 0 && !((t.sensors >>> f.sensor) & 1)) return false;
  const test = pattern(f.id);
  return !test || test.test(`T${t.id}`);
}

export function visible(f: Filter, t: Track, alarmed: Set<number>): boolean {
  return alarmed.has(t.id) || passes(f, t);
}
