// Icons are drawn from npm's lucide-static (ISC). Only the drawing is kept: our own <svg class="icon"> goes round it.
import { existsSync, readFileSync } from "node:fs";

/** The inside of the <svg> element of one icon file. */
export function iconDrawing(path) {
  const svg = readFileSync(path, "utf8");
  const inside = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
  return inside.replace(/\s*\n\s*/g, "").replace(/ \/>/g, "/>");
}

/** Every quoted word in the given texts that is an icon's name, with its drawing. */
export function iconsNamedIn(texts, folder) {
  const found = new Set();
  for (const text of texts) {
    for (const [, name] of text.matchAll(/["']([a-z][a-z0-9-]*)["']/g)) {
      if (existsSync(`${folder}/${name}.svg`)) found.add(name);
    }
  }
  return Object.fromEntries([...found].sort().map((name) => [name, iconDrawing(`${folder}/${name}.svg`)]));
}
