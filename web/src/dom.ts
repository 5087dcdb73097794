// Dom: small helpers. Text is always text, never markup.
type Child = Node | string | null | undefined | false;
type Props = Record<string, unknown>;

export function $<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element ${id}`);
  return found as T;
}

export function h(tag: string, props: Props = {}, ...children: Child[]): HTMLElement {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value as EventListener);
    else if (key === "class") node.className = String(value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(key, String(value));
  }
  node.append(...children.filter((c): c is Node | string => !!c || c === ""));
  return node;
}

export function text(node: Element, words: string): void {
  if (node.textContent !== words) node.textContent = words;
}

/** Bring the children of a list in line with items; nodes stay, so that focus stays. */
export function sync<T>(
  parent: Element, items: T[], key: (item: T) => string, make: (item: T) => HTMLElement, update: (node: HTMLElement, item: T) => void,
): void {
  const old = new Map<string, HTMLElement>();
  for (const node of [...parent.children] as HTMLElement[]) old.set(node.dataset.key ?? "", node);
  let before: Element | null = null;
  for (const item of items) {
    const name = key(item);
    let node = old.get(name);
    if (!node) {
      node = make(item);
      node.dataset.key = name;
    }
    old.delete(name);
    update(node, item);
    const next: Element | null = before ? before.nextElementSibling : parent.firstElementChild;
    if (next !== node) parent.insertBefore(node, next);
    before = node;
  }
  for (const node of old.values()) node.remove();
}

export function clock(ms: number, local = false): string {
  const d = new Date(ms);
  const two = (n: number) => String(n).padStart(2, "0");
  return local
    ? `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`
    : `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`;
}

export function seconds(s: number): string {
  if (!isFinite(s)) return "never";
  if (Math.abs(s) < 10) return `${s.toFixed(1)} s`;
  if (Math.abs(s) < 120) return `${Math.round(s)} s`;
  return `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
}

export function metres(m: number): string {
  return Math.abs(m) < 1000 ? `${Math.round(m)} m` : `${(m / 1000).toFixed(2)} km`;
}
