// Tiles: the user's own base map and terrain, from files that the service gives. Loaded only where there are any.
import * as maplibregl from "maplibre-gl";
import type { LayerSpecification, SourceSpecification, StyleSpecification } from "maplibre-gl";
import { PMTiles, Protocol } from "pmtiles";
import type { Camera } from "./geo";
import { unproject } from "./geo";

const VECTOR = 1;

export async function startTiles(box: HTMLElement, names: string[], dark: boolean): Promise<(camera: Camera) => void> {
  maplibregl.setWorkerUrl(new URL("maplibre-gl-worker.mjs", location.href).href);
  const protocol = new Protocol();
  maplibregl.addProtocol("pmtiles", protocol.tile);
  const sources: Record<string, SourceSpecification> = {};
  const layers: LayerSpecification[] = [];
  for (const name of names) {
    const url = new URL(`map/${name}.pmtiles`, location.href).href;
    const archive = new PMTiles(url);
    protocol.add(archive);
    const head = await archive.getHeader();
    if (name === "terrain") {
      sources.terrain = { type: "raster-dem", url: `pmtiles://${url}`, tileSize: 256, encoding: "terrarium" };
      layers.push({ id: "terrain", type: "hillshade", source: "terrain", paint: { "hillshade-exaggeration": 0.4 } });
    } else if (head.tileType === VECTOR) {
      sources.base = { type: "vector", url: `pmtiles://${url}` };
      const meta = (await archive.getMetadata()) as { vector_layers?: { id: string }[] };
      for (const { id } of meta.vector_layers ?? []) layers.unshift(...plain(id, dark));
    } else {
      sources.base = { type: "raster", url: `pmtiles://${url}`, tileSize: 256 };
      layers.unshift({ id: "base", type: "raster", source: "base", paint: { "raster-opacity": dark ? 0.55 : 0.85 } });
    }
  }
  const style: StyleSpecification = { version: 8, sources, layers };
  const map = new maplibregl.Map({ container: box, style, interactive: false, attributionControl: false });
  return (camera) => {
    const { lat, lon } = unproject(camera.centre);
    map.jumpTo({ center: [lon, lat], zoom: camera.zoom });
  };
}

/** A layer of a vector map, whatever its maker calls it: areas faint, lines thin. */
function plain(id: string, dark: boolean): LayerSpecification[] {
  const water = /water|ocean|river/i.test(id);
  const built = /build/i.test(id);
  const fill = water ? (dark ? "#16303f" : "#c5dce8") : built ? (dark ? "#2a333b" : "#d9d6cd") : dark ? "#12181d" : "#ecebe4";
  const line = water ? (dark ? "#20465c" : "#9fc3d6") : dark ? "#35424d" : "#c2bdb0";
  return [
    { id: `${id}-area`, type: "fill", source: "base", "source-layer": id, filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": fill } },
    { id: `${id}-line`, type: "line", source: "base", "source-layer": id, filter: ["==", ["geometry-type"], "LineString"], paint: { "line-color": line, "line-width": 1 } },
  ];
}
