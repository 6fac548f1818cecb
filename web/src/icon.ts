/** Draws an icon: `import mic from "lucide-static/icons/mic.svg"; button.append(icon(mic))`. Hidden from screen readers: words stand beside it. */
export function icon(drawing: string): SVGSVGElement {
  const holder = document.createElement("div");
  holder.innerHTML = `<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${drawing}</svg>`;
  return holder.firstElementChild as SVGSVGElement;
}
