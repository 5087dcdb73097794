// Theme: colours of the canvas, read from the style sheet so that page and map agree.
export const THEMES = ["dark", "light", "contrast"] as const;
export type Theme = (typeof THEMES)[number];

const NAMES = [
  "sea", "ring", "ink", "faint", "paper", "halo", "border", "cover", "sensor", "zone", "zone-fill", "prepare", "shelter",
  "release", "cancel", "unknown", "rocket", "shell", "mortar", "multirotor", "fixed_wing", "bird", "aircraft", "clutter",
  "other", "impact", "launch", "alarm", "select",
] as const;
export type Colours = Record<(typeof NAMES)[number], string>;

export function colours(): Colours {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Colours;
}

export function isDark(theme: Theme): boolean {
  return theme !== "light";
}
