/**
 * Draws a tree of elements into the page and, the next time, changes only what differs. Views are plain functions of the model;
 * keyed children keep their element (and so a playing video, a text being typed, the focus) when they change place.
 */

import { icon as drawIcon } from "../icon.js";

type Attribute = string | number | boolean | null | undefined;
type Listeners = { readonly [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void };

/** Ties something alive to the element: runs when the element appears, again when `id` changes, and its result when it goes. */
export interface Attachment {
  readonly id: string;
  readonly to: (element: HTMLElement) => (() => void) | void;
}

export interface Properties {
  readonly key?: string;
  readonly on?: Listeners;
  readonly attach?: Attachment;
  readonly [attribute: string]: Attribute | Listeners | Attachment;
}

export interface Branch {
  readonly tag: string;
  readonly key: string | undefined;
  readonly properties: Properties;
  readonly children: readonly Leaf[];
}
type Leaf = Branch | string;
export type Child = Branch | string | null | false | undefined | readonly Child[];

/** `h("button.ctl", {type: "button", on: {click}}, "Text")`. */
export function h(tag: string, properties: Properties | null, ...children: readonly Child[]): Branch {
  const given = properties ?? {};
  return { tag, key: given.key, properties: given, children: flat(children) };
}

export const icon = (drawing: string): Branch => ({ tag: "#icon", key: undefined, properties: { drawing }, children: [] });

function flat(children: readonly Child[]): Leaf[] {
  const out: Leaf[] = [];
  for (const child of children) {
    if (child === null || child === undefined || child === false || child === "") continue;
    if (typeof child === "string") {
      const last = out.at(-1);
      if (typeof last === "string") out[out.length - 1] = last + child;
      else out.push(child);
    } else if ("tag" in child) out.push(child);
    else out.push(...flat(child));
  }
  return out;
}

interface Drawn {
  leaf: Leaf;
  readonly node: ChildNode;
  readonly children: Drawn[];
  readonly listeners: Map<string, (event: Event) => void>;
  detach: (() => void) | undefined;
}

export class View {
  private drawn: Drawn[] = [];

  /** What stood in `root` before the script came goes when something is drawn. */
  constructor(private readonly root: HTMLElement) {}

  /** Makes the page show `child`. Focus stays on the same element if that element is still there. */
  draw(child: Child): void {
    const focused = document.activeElement;
    if (this.drawn.length === 0) this.root.replaceChildren();
    this.drawn = patch(this.root, this.drawn, flat([child]));
    for (const attach of attachments.splice(0)) attach();
    if (focused instanceof HTMLElement && focused !== document.activeElement && focused.isConnected && this.root.contains(focused)) {
      focused.focus({ preventScroll: true });
    }
  }
}

const sort = (leaf: Leaf): string => (typeof leaf === "string" ? "#text" : leaf.tag.split(".")[0] ?? "");
const keyOf = (leaf: Leaf): string | undefined => (typeof leaf === "string" ? undefined : leaf.key);
const fits = (old: Drawn, leaf: Leaf): boolean =>
  sort(old.leaf) === sort(leaf) &&
  keyOf(old.leaf) === keyOf(leaf) &&
  (sort(leaf) !== "#icon" || (old.leaf as Branch).properties["drawing"] === (leaf as Branch).properties["drawing"]);

function patch(parent: Node, old: readonly Drawn[], leaves: readonly Leaf[]): Drawn[] {
  const keyed = new Map<string, Drawn>();
  const loose: Drawn[] = [];
  for (const one of old) {
    const key = keyOf(one.leaf);
    if (key === undefined) loose.push(one);
    else keyed.set(key, one);
  }
  const next = leaves.map((leaf): Drawn => {
    const key = keyOf(leaf);
    const candidate = key === undefined ? loose.find((one) => fits(one, leaf)) : keyed.get(key);
    if (!candidate || !fits(candidate, leaf)) return create(leaf);
    if (key === undefined) loose.splice(0, loose.indexOf(candidate) + 1).slice(0, -1).forEach(discard);
    else keyed.delete(key);
    update(candidate, leaf);
    return candidate;
  });
  loose.forEach(discard);
  keyed.forEach(discard);
  let place: ChildNode | null = parent.firstChild;
  for (const one of next) {
    if (one.node === place) place = place.nextSibling;
    else parent.insertBefore(one.node, place);
  }
  return next;
}

function create(leaf: Leaf): Drawn {
  if (typeof leaf === "string") return drawnOf(leaf, document.createTextNode(leaf));
  if (leaf.tag === "#icon") return drawnOf(leaf, drawIcon(String(leaf.properties["drawing"])));
  const element = document.createElement(sort(leaf));
  const drawn = drawnOf({ ...leaf, properties: {}, children: [] }, element);
  update(drawn, leaf);
  return drawn;
}

const drawnOf = (leaf: Leaf, node: ChildNode): Drawn => ({ leaf, node, children: [], listeners: new Map(), detach: undefined });

function discard(drawn: Drawn): void {
  forget(drawn);
  drawn.node.remove();
}

function forget(drawn: Drawn): void {
  drawn.detach?.();
  drawn.detach = undefined;
  drawn.children.forEach(forget);
}

function update(drawn: Drawn, leaf: Leaf): void {
  const before = drawn.leaf;
  drawn.leaf = leaf;
  if (typeof leaf === "string") {
    if (before !== leaf) (drawn.node as Text).data = leaf;
    return;
  }
  if (leaf.tag === "#icon") return;
  const element = drawn.node as HTMLElement;
  const old = (before as Branch).properties;
  setClass(element, leaf);
  for (const name of Object.keys(old)) if (!(name in leaf.properties)) setAttribute(element, name, null);
  for (const [name, value] of Object.entries(leaf.properties)) {
    if (name === "key" || name === "on" || name === "attach" || name === "class") continue;
    setAttribute(element, name, value as Attribute);
  }
  listen(drawn, element, leaf.properties.on ?? {});
  drawn.children.splice(0, drawn.children.length, ...patch(element, drawn.children.slice(), leaf.children));
  if (old.attach?.id !== leaf.properties.attach?.id) {
    drawn.detach?.();
    drawn.detach = undefined;
    const { attach } = leaf.properties;
    if (attach) attachments.push(() => void (drawn.detach = attach.to(element) ?? undefined));
  }
}

/** Run when the whole tree stands in the page: what they touch must be there. */
const attachments: (() => void)[] = [];

function setClass(element: HTMLElement, leaf: Branch): void {
  const extra = leaf.properties["class"];
  const name = [...leaf.tag.split(".").slice(1), ...(typeof extra === "string" && extra ? [extra] : [])].join(" ");
  if ((element.getAttribute("class") ?? "") !== name) element.setAttribute("class", name);
}

function setAttribute(element: HTMLElement, name: string, value: Attribute): void {
  if (name === "key" || name === "on" || name === "attach" || name === "class") return;
  if (name === "value" || name === "checked" || name === "muted" || name === "selected") {
    const target = element as unknown as Record<string, unknown>;
    if (target[name] !== value) target[name] = value ?? "";
    return;
  }
  const text = value === null || value === undefined || value === false ? null : value === true ? "" : String(value);
  if (element.getAttribute(name) === text) return;
  if (text === null) element.removeAttribute(name);
  else element.setAttribute(name, text);
}

function listen(drawn: Drawn, element: HTMLElement, listeners: Listeners): void {
  const wanted = listeners as Readonly<Record<string, (event: Event) => void>>;
  for (const name of drawn.listeners.keys()) {
    if (name in wanted) continue;
    element.removeEventListener(name, dispatch);
    drawn.listeners.delete(name);
  }
  for (const [name, run] of Object.entries(wanted)) {
    if (!drawn.listeners.has(name)) element.addEventListener(name, dispatch);
    drawn.listeners.set(name, run);
  }
  owners.set(element, drawn);
}

const owners = new WeakMap<EventTarget, Drawn>();

function dispatch(event: Event): void {
  if (event.currentTarget) owners.get(event.currentTarget)?.listeners.get(event.type)?.(event);
}
