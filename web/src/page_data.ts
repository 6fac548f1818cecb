/** What the server embedded for this page as `<script type="application/json" id="…">` (data, never run). */
export function pageData<T>(id = "data"): T {
  const text = document.getElementById(id)?.textContent;
  if (!text) throw new Error(`the page holds no data named ${id}`);
  return JSON.parse(text) as T;
}

/** The element with this id; a page that lacks it is a fault of ours. */
export function element<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element ${id}`);
  return found as E;
}
