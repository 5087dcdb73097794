// Timeline: how far one can look back, what happened, and where one looks.
import { clock } from "./dom";
import type { Event } from "./past";
import type { Colours } from "./theme";

const KINDS: Record<string, keyof Colours> = {
  raised: "shelter",
  upgraded: "shelter",
  acknowledged: "release",
  returned: "cancel",
  cleared: "faint",
  shelved: "prepare",
};

export class Timeline {
  from = 0;
  to = 1;
  constructor(private canvas: HTMLCanvasElement) {}

  draw(colours: Colours, from: number, now: number, at: number, live: boolean, events: Event[]): void {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const [w, h] = [this.canvas.clientWidth, this.canvas.clientHeight];
    if (this.canvas.width !== Math.round(w * ratio)) this.canvas.width = Math.round(w * ratio);
    if (this.canvas.height !== Math.round(h * ratio)) this.canvas.height = Math.round(h * ratio);
    this.from = Math.min(from || now - 60_000, now - 60_000);
    this.to = now;
    const c = this.canvas.getContext("2d")!;
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, w, h);
    const x = (ms: number) => ((ms - this.from) / (this.to - this.from)) * w;
    c.fillStyle = colours.ring;
    c.fillRect(0, 14, w, 14);
    if (from) {
      c.fillStyle = colours["zone-fill"];
      c.fillRect(x(from), 14, w - x(from), 14);
    }
    c.font = "10px system-ui, sans-serif";
    c.fillStyle = colours.faint;
    const step = [10e3, 30e3, 60e3, 300e3, 600e3].find((s) => ((this.to - this.from) / s) * 64 < w) ?? 1200e3;
    for (let t = Math.ceil(this.from / step) * step; t < this.to; t += step) {
      c.fillRect(x(t), 26, 1, 4);
      if (x(t) < w - 40 && x(t) > 20) {
        c.textAlign = "center";
        c.fillText(clock(t), x(t), 39);
      }
    }
    for (const event of events) {
      c.fillStyle = colours[KINDS[event.what] ?? "faint"];
      const tall = event.what === "raised" || event.what === "upgraded";
      c.fillRect(x(event.time_ms) - 1, tall ? 10 : 17, 2, tall ? 20 : 8);
    }
    c.fillStyle = colours.ink;
    c.fillRect(x(live ? now : at) - 1, 4, 2, 28);
    c.beginPath();
    c.moveTo(x(live ? now : at) - 5, 2);
    c.lineTo(x(live ? now : at) + 5, 2);
    c.lineTo(x(live ? now : at), 9);
    c.fill();
    this.canvas.setAttribute("aria-valuemin", String(Math.round(this.from)));
    this.canvas.setAttribute("aria-valuemax", String(Math.round(this.to)));
    this.canvas.setAttribute("aria-valuenow", String(Math.round(live ? now : at)));
    this.canvas.setAttribute("aria-valuetext", live ? "now" : `${clock(at)} UTC`);
  }

  time(clientX: number): number {
    const box = this.canvas.getBoundingClientRect();
    return this.from + ((clientX - box.left) / box.width) * (this.to - this.from);
  }
}
