// State: what the operator has chosen. All of it stands in the address, so that every view is a link.
import { everything, type Filter } from "./filter";
import type { Layers } from "./draw";
import { THEMES, type Theme } from "./theme";

export interface Choice {
  site: string;
  theme: Theme;
  layers: Layers;
  filter: Filter;
  selected: number;
  zone: string;
  follow: boolean;
  drawer: string;
  view: { lat: number; lon: number; zoom: number } | null;
  t: number; // look back to this time, ms UTC; 0: now
}

export const ALL: Layers = {
  base: true, rings: true, cover: true, zones: true, launches: true, impacts: true, trails: true, tracks: true, labels: true, observed: false,
};

export function read(search: string): Choice {
  const q = new URLSearchParams(search);
  const layers = { ...ALL };
  for (const name of (q.get("off") ?? "").split(".")) if (name in layers) layers[name as keyof Layers] = false;
  for (const name of (q.get("on") ?? "").split(".")) if (name in layers) layers[name as keyof Layers] = true;
  const filter = everything();
  for (const name of (q.get("hide") ?? "").split(".")) if (name) filter.classes.add(name);
  const figure = (key: string, other: number) => (q.get(key) && isFinite(Number(q.get(key))) ? Number(q.get(key)) : other);
  filter.existence = figure("exist", 0);
  filter.above_m = figure("above", -Infinity);
  filter.below_m = figure("below", Infinity);
  filter.within_m = figure("within", Infinity);
  filter.threats = q.get("threats") === "1";
  filter.sensor = figure("sensor", -1);
  filter.id = q.get("id") ?? "";
  const theme = q.get("theme") as Theme;
  const at = (q.get("at") ?? "").split(",").map(Number);
  return {
    site: q.get("site") ?? "",
    theme: THEMES.includes(theme) ? theme : "dark",
    layers,
    filter,
    selected: figure("track", -1),
    zone: q.get("zone") ?? "",
    follow: q.get("follow") === "1",
    drawer: q.get("drawer") ?? "",
    view: at.length === 3 && at.every(isFinite) ? { lat: at[0], lon: at[1], zoom: at[2] } : null,
    t: figure("t", 0),
  };
}

export function write(c: Choice): string {
  const q = new URLSearchParams();
  const put = (key: string, value: string | number, usual: string | number) => value !== usual && q.set(key, String(value));
  put("site", c.site, "");
  put("theme", c.theme, "dark");
  const layers = (on: boolean) => (Object.keys(ALL) as (keyof Layers)[]).filter((name) => ALL[name] !== on && c.layers[name] === on).join(".");
  put("off", layers(false), "");
  put("on", layers(true), "");
  put("hide", [...c.filter.classes].join("."), "");
  put("exist", c.filter.existence, 0);
  put("above", c.filter.above_m, -Infinity);
  put("below", c.filter.below_m, Infinity);
  put("within", c.filter.within_m, Infinity);
  put("threats", c.filter.threats ? 1 : 0, 0);
  put("sensor", c.filter.sensor, -1);
  put("id", c.filter.id, "");
  put("track", c.selected, -1);
  put("zone", c.zone, "");
  put("follow", c.follow ? 1 : 0, 0);
  put("drawer", c.drawer, "");
  if (c.view) put("at", `${c.view.lat.toFixed(5)},${c.view.lon.toFixed(5)},${c.view.zoom.toFixed(2)}`, "");
  put("t", Math.round(c.t), 0);
  const text = q.toString();
  return text ? `?${text}` : location.pathname;
}
