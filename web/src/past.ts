// Past: looks back with the same eyes - the frames that were sent, played into a model of their own.
import { split, type Frame } from "./frames";
import type { Link } from "./link";
import { Model, type Ground } from "./model";

export interface Event {
  time_ms: number;
  what: string;
  text: string;
}
export const SPEEDS = [0.25, 0.5, 1, 2, 5, 10, 20];
const AHEAD_MS = 30_000;

export class Past {
  model: Model;
  at = 0; // ms UTC
  speed = 1;
  playing = true;
  from = 0;
  to = 0;
  events: Event[] = [];
  private frames: Frame[] = [];
  private next = 0;
  private loadedTo = 0;
  private loading = false;
  private ticket = 0;

  constructor(
    private link: Link,
    private grounds: Ground[],
    private site: string,
  ) {
    this.model = new Model(grounds);
  }

  setSite(site: string): void {
    this.site = site;
    this.events = [];
    this.loadedTo = 0;
  }

  async survey(): Promise<void> {
    const line = (await this.link.ask("GET", `/api/v1/timeline?site=${encodeURIComponent(this.site)}`)) as {
      from_ms: number;
      to_ms: number;
      events: Event[];
    };
    [this.from, this.to, this.events] = [line.from_ms, line.to_ms, line.events];
  }

  async seek(ms: number): Promise<void> {
    const ticket = ++this.ticket;
    this.at = Math.max(this.from, Math.min(ms, this.to || ms));
    const frames = await this.fetch(this.at, this.at + AHEAD_MS);
    if (ticket !== this.ticket) return;
    this.model = new Model(this.grounds);
    this.frames = frames;
    this.next = 0;
    this.loadedTo = this.at + AHEAD_MS;
    this.run();
  }

  private async fetch(from: number, to: number): Promise<Frame[]> {
    const query = `site=${encodeURIComponent(this.site)}&from_ms=${from}&to_ms=${to}`;
    return [...split(await this.link.octets(`/api/v1/history?${query}`))];
  }

  private run(): void {
    while (this.next < this.frames.length && this.frames[this.next].head.t <= this.at) {
      const frame = this.frames[this.next++];
      const site = this.model.sites.get(frame.head.site ?? "");
      // a snapshot in the middle of a row of deltas says nothing new: without it trails stay whole
      if (frame.head.kind === "snapshot" && site && site.sequence === frame.head.seq) continue;
      this.model.apply(frame);
    }
  }

  /** Let `ms` of real time pass. */
  advance(ms: number, limit: number): void {
    if (!this.playing) return;
    this.at = Math.min(this.at + ms * this.speed, limit);
    this.run();
    if (this.at + AHEAD_MS / 2 > this.loadedTo && !this.loading && this.loadedTo < limit) {
      this.loading = true;
      const [ticket, from] = [this.ticket, this.loadedTo];
      void this.fetch(from, from + AHEAD_MS * Math.max(1, this.speed / 2))
        .then((frames) => {
          if (ticket !== this.ticket) return;
          const last = this.frames[this.frames.length - 1]?.head.t ?? 0;
          this.frames = [...this.frames.slice(this.next), ...frames.filter((f) => f.head.t > last)];
          this.next = 0;
          this.loadedTo = from + AHEAD_MS * Math.max(1, this.speed / 2);
        })
        .finally(() => (this.loading = false));
    }
  }
}
