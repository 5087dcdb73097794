// Geo: from a site's east-north-up plane to the map (Web Mercator, world from 0 to 1), on the WGS-84 ellipsoid.
const A = 6378137.0;
const F = 1 / 298.257223563;
const E2 = F * (2 - F);
export const RAD = Math.PI / 180;

export interface Point {
  x: number;
  y: number;
}

export function project(latDeg: number, lonDeg: number): Point {
  const s = Math.sin(Math.max(-85.05, Math.min(85.05, latDeg)) * RAD);
  return { x: lonDeg / 360 + 0.5, y: 0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI) };
}

export function unproject(p: Point): { lat: number; lon: number } {
  return { lat: Math.atan(Math.sinh(Math.PI * (1 - 2 * p.y))) / RAD, lon: (p.x - 0.5) * 360 };
}

/** A site's plane: exact conversion, and the size of a metre on the map around it. */
export class Plane {
  private readonly sLat: number;
  private readonly cLat: number;
  private readonly sLon: number;
  private readonly cLon: number;
  private readonly x0: number;
  private readonly y0: number;
  private readonly z0: number;
  readonly origin: Point;
  readonly metre: number; // world units

  constructor(
    readonly lat: number,
    readonly lon: number,
  ) {
    [this.sLat, this.cLat] = [Math.sin(lat * RAD), Math.cos(lat * RAD)];
    [this.sLon, this.cLon] = [Math.sin(lon * RAD), Math.cos(lon * RAD)];
    const n = A / Math.sqrt(1 - E2 * this.sLat ** 2);
    this.x0 = n * this.cLat * this.cLon;
    this.y0 = n * this.cLat * this.sLon;
    this.z0 = n * (1 - E2) * this.sLat;
    this.origin = project(lat, lon);
    this.metre = 1 / (2 * Math.PI * n * this.cLat);
  }

  geodetic(e: number, n: number): { lat: number; lon: number } {
    const t = -this.sLat * n;
    const x = this.x0 - this.sLon * e + t * this.cLon;
    const y = this.y0 + this.cLon * e + t * this.sLon;
    const z = this.z0 + this.cLat * n;
    const p = Math.hypot(x, y);
    const b = A * (1 - F);
    const u = Math.atan2(z * A, p * b); // Bowring's formula: far below a millimetre here
    const lat = Math.atan2(z + (E2 / (1 - E2)) * b * Math.sin(u) ** 3, p - E2 * A * Math.cos(u) ** 3);
    return { lat: lat / RAD, lon: Math.atan2(y, x) / RAD };
  }

  world(e: number, n: number): Point {
    const g = this.geodetic(e, n);
    return project(g.lat, g.lon);
  }

  /** East and north of a place on the map: the inverse, by Newton's steps. */
  plane(p: Point): { e: number; n: number } {
    let e = (p.x - this.origin.x) / this.metre;
    let n = (this.origin.y - p.y) / this.metre;
    for (let i = 0; i < 4; i++) {
      const w = this.world(e, n);
      e += (p.x - w.x) / this.metre;
      n += (w.y - p.y) / this.metre;
    }
    return { e, n };
  }
}

/** What of the map is on the screen. */
export class Camera {
  width = 1;
  height = 1;
  constructor(
    public centre: Point,
    public zoom: number,
  ) {}

  get scale(): number {
    return 512 * 2 ** this.zoom; // pixels per world, as MapLibre counts
  }

  toScreen(p: Point): Point {
    return {
      x: (p.x - this.centre.x) * this.scale + this.width / 2,
      y: (p.y - this.centre.y) * this.scale + this.height / 2,
    };
  }

  toWorld(p: Point): Point {
    return {
      x: (p.x - this.width / 2) / this.scale + this.centre.x,
      y: (p.y - this.height / 2) / this.scale + this.centre.y,
    };
  }

  pan(dx: number, dy: number): void {
    this.centre = { x: this.centre.x - dx / this.scale, y: this.centre.y - dy / this.scale };
  }

  zoomAt(p: Point, by: number): void {
    const held = this.toWorld(p);
    this.zoom = Math.max(1, Math.min(20, this.zoom + by));
    const now = this.toScreen(held);
    this.pan(p.x - now.x, p.y - now.y);
  }

  fit(points: Point[], margin: number): void {
    if (!points.length) return;
    let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity];
    for (const p of points) {
      [x0, x1] = [Math.min(x0, p.x), Math.max(x1, p.x)];
      [y0, y1] = [Math.min(y0, p.y), Math.max(y1, p.y)];
    }
    this.centre = { x: (x0 + x1) / 2, y: (y0 + y1) / 2 };
    const [w, h] = [Math.max(40, this.width - 2 * margin), Math.max(40, this.height - 2 * margin)];
    const scale = Math.min(w / Math.max(x1 - x0, 1e-9), h / Math.max(y1 - y0, 1e-9));
    this.zoom = Math.max(1, Math.min(18, Math.log2(scale / 512)));
  }
}
