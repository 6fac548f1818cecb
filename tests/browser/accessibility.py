"""What a page is examined for: axe-core's rules, sideways scroll and text that is cut."""

from pathlib import Path
from typing import Any

from playwright.async_api import Page

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]

_RUN = """async (tags) => {
  const found = await axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
  return found.violations.map((one) => `${one.id}: ${one.help}: ` + one.nodes.slice(0, 4).map((node) =>
    node.target.join(" ") + " " + (node.any[0]?.message ?? node.all[0]?.message ?? "")).join(" | "));
}"""

# Every line of text is measured against each ancestor that cuts what does not fit. An ancestor that scrolls is no cut.
_CUT = """() => {
  const wide = document.documentElement.scrollWidth > innerWidth ? [`sideways scroll: ${
    document.documentElement.scrollWidth} > ${innerWidth}`] : [];
  const cut = new Set();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    const words = text.textContent.trim();
    const holder = text.parentElement;
    if (!words || holder.closest(".vh, .nhsuk-u-visually-hidden, .skip, title, desc, option, defs, script, noscript"))
      continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    for (const line of range.getClientRects()) {
      if (line.width < 2) continue;
      for (let box = holder; box && box !== document.documentElement; box = box.parentElement) {
        const style = getComputedStyle(box);
        if (["auto", "scroll"].includes(style.overflowX) || ["auto", "scroll"].includes(style.overflowY)) break;
        const edge = box.getBoundingClientRect();
        const aside = style.clipPath !== "none" || style.clip !== "auto" || edge.width <= 2 || edge.height <= 2;
        if (aside) break; // for screen readers alone
        const hidden = (value) => ["hidden", "clip"].includes(value);
        if ((hidden(style.overflowX) && (line.right > edge.right + 1 || line.left < edge.left - 1)) ||
            (hidden(style.overflowY) && (line.bottom > edge.bottom + 2 || line.top < edge.top - 2)))
          cut.add(`cut: "${words.slice(0, 40)}" in ${box.tagName.toLowerCase()}.${box.className}`);
        if (style.position === "fixed") break;
      }
    }
  }
  for (const button of document.querySelectorAll("button:not(.vh), a.button, .ctl"))
    if (button.clientWidth > 2 && button.scrollWidth > button.clientWidth + 1)
      cut.add(`too full: "${button.textContent.trim().slice(0, 40)}"`);
  return [...wide, ...cut];
}"""


async def violations(page: Page) -> list[str]:
    """axe-core's violations on the page as it stands. The page's context must have been made with bypass_csp."""
    # A page's words are there before its style sheets; sizes and colours are judged with them.
    await page.wait_for_load_state("load")
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = await page.evaluate(_RUN, TAGS)
    return found


async def cut_text(page: Page) -> list[str]:
    """Text that a person cannot read at the page's present width."""
    found: list[str] = await page.evaluate(_CUT)
    return found


async def faults(page: Page, *, narrow: bool = True) -> list[str]:
    """Everything found, at the page's own size and, unless told not to, at 320 px (WCAG 1.4.10)."""
    found: list[Any] = [*await violations(page), *await cut_text(page)]
    size = page.viewport_size
    if narrow and size is not None:
        await page.set_viewport_size({"width": 320, "height": 640})
        await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        found += [f"at 320 px: {one}" for one in [*await violations(page), *await cut_text(page)]]
        await page.set_viewport_size(size)
    return found
