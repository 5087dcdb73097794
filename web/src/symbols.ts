// Symbols: plain shapes, one per class, told apart without colour. Drawn once and stamped; a falling thing points ahead.
import { CLASSES } from "./model";
import type { Colours } from "./theme";

const SIZE = 30;
export type Look = "firm" | "coasted" | "tentative";

function shape(c: OffscreenCanvasRenderingContext2D, name: string): void {
  c.beginPath();
  switch (name) {
    case "rocket": // a long arrow head
      c.moveTo(0, -11); c.lineTo(6, 9); c.lineTo(0, 5); c.lineTo(-6, 9); c.closePath();
      break;
    case "shell": // a lozenge
      c.moveTo(0, -9); c.lineTo(6, 0); c.lineTo(0, 9); c.lineTo(-6, 0); c.closePath();
      break;
    case "mortar": // a drop, point behind
      c.arc(0, -2, 6, 0.85 * Math.PI, 0.15 * Math.PI); c.lineTo(0, 10); c.closePath();
      break;
    case "multirotor": // a square with four arms
      c.rect(-4, -4, 8, 8);
      for (const [x, y] of [[-1, -1], [1, -1], [1, 1], [-1, 1]]) { c.moveTo(4 * x, 4 * y); c.lineTo(9 * x, 9 * y); }
      break;
    case "fixed_wing": // a delta wing
      c.moveTo(0, -9); c.lineTo(10, 7); c.lineTo(0, 3); c.lineTo(-10, 7); c.closePath();
      break;
    case "bird":
      c.moveTo(-8, -2); c.quadraticCurveTo(-3, -7, 0, 1); c.quadraticCurveTo(3, -7, 8, -2);
      break;
    case "aircraft": // fuselage and wings
      c.moveTo(0, -10); c.lineTo(2, -3); c.lineTo(10, 3); c.lineTo(2, 2); c.lineTo(2, 7); c.lineTo(5, 10);
      c.lineTo(-5, 10); c.lineTo(-2, 7); c.lineTo(-2, 2); c.lineTo(-10, 3); c.lineTo(-2, -3); c.closePath();
      break;
    case "clutter":
      c.arc(0, 0, 2.5, 0, 2 * Math.PI);
      break;
    default:
      c.arc(0, 0, 6.5, 0, 2 * Math.PI);
  }
}

export function colourOf(name: string, colours: Colours): string {
  return (colours as Record<string, string>)[name] ?? colours.other;
}

export class Symbols {
  private stamps = new Map<string, ImageBitmap>();
  constructor(
    private colours: Colours,
    private ratio: number,
  ) {}

  stamp(cls: number, look: Look): ImageBitmap {
    const key = `${cls}/${look}`;
    const there = this.stamps.get(key);
    if (there) return there;
    const made = this.make(CLASSES[cls], look);
    this.stamps.set(key, made);
    return made;
  }

  private make(name: string, look: Look): ImageBitmap {
    const canvas = new OffscreenCanvas(Math.ceil(SIZE * this.ratio), Math.ceil(SIZE * this.ratio));
    const c = canvas.getContext("2d")!;
    c.scale(this.ratio, this.ratio);
    c.translate(SIZE / 2, SIZE / 2);
    c.lineJoin = "round";
    c.lineCap = "round";
    const open = name === "bird";
    shape(c, name);
    c.strokeStyle = this.colours.halo;
    c.lineWidth = 4.5;
    c.stroke();
    c.strokeStyle = colourOf(name, this.colours);
    c.fillStyle = look === "firm" && !open ? c.strokeStyle : this.colours.halo;
    if (!open) c.fill();
    c.lineWidth = open ? 2.4 : 1.8;
    if (look !== "firm") c.setLineDash(look === "coasted" ? [3, 2.5] : [1.5, 3]);
    c.stroke();
    if (name === "unknown" || name === "other") {
      c.setLineDash([]);
      c.fillStyle = look === "firm" ? this.colours.halo : c.strokeStyle;
      c.font = "bold 10px system-ui, sans-serif";
      c.textAlign = "center";
      c.textBaseline = "middle";
      c.fillText("?", 0, 0.5);
    }
    return canvas.transferToImageBitmap(); // a canvas as a source would be copied at each stamp
  }
}

export const SYMBOL_SIZE = SIZE;

/** A symbol as part of the page, for lists and filters. */
export function icon(cls: number, colours: Colours): HTMLCanvasElement {
  const canvas = new Symbols(colours, 2).stamp(cls, "firm");
  const copy = document.createElement("canvas");
  copy.width = copy.height = canvas.width;
  copy.className = "symbol";
  copy.getContext("2d")!.drawImage(canvas, 0, 0);
  return copy;
}
