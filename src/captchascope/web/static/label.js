// One image at a time, by keyboard alone. The next ones are here before they are needed.

import { draw } from "./label-chars.js";
import { Leases } from "./label-leases.js";
import { Outbox, ROOT, afterPaint, fresh, get, session } from "./label-outbox.js";
import { byId, unreached, unsent } from "./label-progress.js";
import { Texts } from "./label-texts.js";

const AHEAD = 8; // images that wait, decoded, after the one that is shown
const BEHIND = 300; // images to go back to
const SKIPPED = 10; // images that were passed over and are still held
const UNREAD = 700; // milliseconds in which nobody has read a text that has changed

const input = byId("text");
const stage = byId("stage");
const items = []; // in the order of their showing; `said` is undefined until something was
const undoable = []; // items, the one said last at the end
let place = 0;
let exhausted = false;

const outbox = new Outbox(stored, unsent);
const leases = new Leases(outbox, { wish, leased, renewed, hungry: () => !current() && others() > 0 });
const texts = new Texts((progress) => leases.saw(progress));
const current = () => items[place];
const isOpen = (item) => item.said === undefined;

function made({ id, name, guess }, said, key = null) {
  return { id, name, guess, said, key, image: null, draft: undefined, note: "", renewed: -Infinity };
}

// Loads and decodes an image; what the page shows later is this very element.
function picture(item) {
  if (!item.image) {
    item.image = new Image();
    item.image.className = "paper captcha";
    item.image.alt = "The captcha to label";
    item.image.src = `${ROOT}/label/image/${item.id}`;
    item.image.decode().catch(() => broken(item));
  }
  return item.image;
}

function broken(item) {
  item.note = "This image cannot be shown. Ctrl+Enter marks it as unreadable.";
  if (current() === item) byId("note").textContent = item.note;
}

function paint() {
  const item = current();
  byId("work").hidden = !item;
  byId("empty").hidden = Boolean(item) || !exhausted;
  byId("loading").hidden = Boolean(item) || exhausted;
  if (!item) {
    stage.replaceChildren();
    byId("name").textContent = "";
    tellWhy();
    return;
  }
  stage.replaceChildren(picture(item));
  stage.dataset.image = item.id;
  byId("name").textContent = item.name;
  byId("note").textContent = item.note || past(item);
  draw(byId("chars"), isOpen(item) ? item.guess : null);
  input.value = item.draft ?? item.said ?? item.guess?.text ?? "";
  input.removeAttribute("aria-invalid");
  if (document.activeElement !== input) input.focus({ preventScroll: true });
  input.select();
  item.shown = performance.now();
}

function past(item) {
  if (isOpen(item)) return item.guess ? "" : "No guess yet.";
  return item.said === null ? "You marked this one as unreadable." : `You said ${item.said}.`;
}

// How many images are left that others have on the screen.
function others() {
  const mine = items.filter(isOpen).length + outbox.images().length;
  return Math.max(0, (leases.progress?.left ?? 0) - mine);
}

// Says why no image is shown: nothing is left, or somebody has it.
function tellWhy() {
  const [passed, away] = [items.filter(isOpen).length, others()];
  byId("none").textContent = passed || away ? "No image for you just now" : "Every image is labelled";
  const count = (number) => (number === 1 ? "One image is" : `${number} images are`);
  byId("passed").textContent = passed ? `${count(passed)} passed over: Back goes there.` : "";
  byId("away").textContent = away ? `${count(away)} open in another tab, and will come here once free.` : "";
}

const ahead = () => items.slice(place + 1).filter(isOpen).length;

// Asks for more images where few are left.
function ask() {
  if (ahead() < AHEAD) leases.ask();
}

function wish() {
  release();
  return { open: items.filter(isOpen).map(({ id }) => id), want: Math.max(0, 2 * AHEAD - ahead()) };
}

function leased(given, lost) {
  lose(lost);
  exhausted = !given.length;
  const fresh = given.map((item) => made(item));
  items.push(...fresh);
  fresh.forEach(picture);
  if (!stage.hasChildNodes() || !current() || fresh.includes(current())) paint();
  texts.show(leases.progress);
}

// Takes other guesses for what is here. What was typed stays; what was not is another text now.
function renewed(fresh) {
  for (const { id, guess } of fresh) {
    const item = items.find((one) => one.id === id && isOpen(one));
    if (!item) continue;
    const before = item.guess?.text ?? "";
    item.guess = guess;
    if (item !== current()) continue;
    draw(byId("chars"), guess);
    if (item.draft !== undefined || input.value !== before) continue;
    if ((guess?.text ?? "") !== before) item.renewed = performance.now();
    input.value = guess?.text ?? "";
    input.select();
    byId("note").textContent = past(item);
  }
}

// Lets go of what was passed over long ago, and forgets what was said longer ago.
function release() {
  const skipped = items.slice(0, place).filter(isOpen);
  skipped.slice(0, Math.max(0, skipped.length - SKIPPED)).forEach(drop);
  while (place > BEHIND) drop(items[0]);
}

function drop(item) {
  const at = items.indexOf(item);
  if (at < 0) return;
  items.splice(at, 1);
  if (at < place) place -= 1;
}

// Takes away what somebody else has by now.
function lose(ids) {
  const lost = items.filter((item) => isOpen(item) && ids.includes(item.id));
  const shown = lost.includes(current());
  lost.forEach(drop);
  if (shown) {
    paint();
    byId("note").textContent = "Somebody else has the image that was here; this is another one.";
  }
}

function say(text) {
  const item = current();
  if (!item) return;
  if (text !== null && text === item.guess?.text && performance.now() - item.renewed < UNREAD) {
    byId("note").textContent = "The guess has just changed: look again.";
    return;
  }
  if (text !== null && !isLabel(text)) return;
  if (item.said !== text) {
    const seconds = Math.min(86400, (performance.now() - item.shown) / 1000);
    item.key = fresh();
    item.said = text;
    item.draft = undefined;
    item.note = "";
    undoable.push(item);
    place += 1;
    paint();
    const { key, id: image, guess } = item;
    outbox.push({ key, image, text, guess: guess?.text ?? null, seconds });
  } else {
    place += 1;
    paint();
  }
  afterPaint(ask);
}

function isLabel(text) {
  const fault = text === "" ? "Type what the image says; Ctrl+Enter if nobody can read it." : "A label has no spaces.";
  if (text !== "" && !/\s/.test(text)) return true;
  byId("note").textContent = fault;
  input.setAttribute("aria-invalid", "true");
  return false;
}

function move(by) {
  const to = place + by;
  if (to < 0 || to > items.length || !current() && by > 0) return;
  if (current()) keepDraft();
  place = to;
  paint();
  ask();
}

function keepDraft() {
  const item = current();
  const plain = item.said ?? item.guess?.text ?? "";
  item.draft = input.value === plain ? undefined : input.value;
}

function undo() {
  const item = undoable.pop();
  if (!item) {
    byId("note").textContent = "There is nothing to undo.";
    return;
  }
  outbox.push({ key: item.key, image: null });
  item.guess = null; // until the model that guesses now has read it
  item.draft = item.said ?? undefined;
  item.said = undefined;
  item.key = null;
  let at = items.indexOf(item);
  if (at < 0) items.splice((at = place), 0, item);
  place = at;
  item.note = "Undone; say it again.";
  paint();
  item.note = "";
  leases.renew();
}

// What could not be stored is shown again.
function stored(done, progress, said) {
  leases.saw(progress);
  texts.show(progress);
  for (const [index, { key, fault }] of done.entries()) {
    if (!fault || said[index].image === null) continue;
    let item = items.find((one) => one.key === key);
    item ??= made({ id: said[index].image, name: "", guess: null }, undefined);
    item.said = undefined;
    item.key = null;
    item.draft = said[index].text ?? undefined;
    item.note = `“${said[index].text ?? ""}” was not stored: ${fault}.`;
    const at = undoable.indexOf(item);
    if (at >= 0) undoable.splice(at, 1);
    if (!items.includes(item)) items.splice(place, 0, item);
    place = items.indexOf(item);
    paint();
  }
}

function pressed(event) {
  if (event.isComposing || event.altKey) return;
  const control = event.ctrlKey || event.metaKey;
  const action = {
    Enter: control ? () => say(null) : () => say(input.value.trim()),
    ArrowUp: () => move(-1),
    ArrowDown: () => move(1),
    z: control && !event.shiftKey ? undo : undefined,
  }[event.key];
  if (!action || event.target.closest("a, button, summary, form")) return;
  event.preventDefault();
  action();
}

async function begin() {
  document.addEventListener("keydown", pressed);
  byId("accept").addEventListener("click", () => say(input.value.trim()));
  byId("nobody").addEventListener("click", () => say(null));
  byId("back").addEventListener("click", () => move(-1));
  byId("forth").addEventListener("click", () => move(1));
  input.addEventListener("input", () => current() && (current().renewed = -Infinity));
  byId("return").addEventListener("click", () => move(-1));
  byId("undo").addEventListener("click", undo);
  await outbox.flush();
  try {
    const { marks } = await get(`/label/history?session=${session()}`);
    for (const { item, text, key } of marks) {
      items.push(made(item, text, key));
      undoable.push(items.at(-1));
    }
  } catch (error) {
    unreached(error.message);
  }
  place = items.length;
  await leases.ask();
}

begin();
