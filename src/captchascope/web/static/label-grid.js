// Ten images at a time that the model is sure of: look, mend, confirm all.

import { Leases } from "./label-leases.js";
import { Outbox, ROOT, fresh } from "./label-outbox.js";
import { byId, unsent } from "./label-progress.js";

const TEN = 10;
const UNREAD = 700; // milliseconds in which nobody has read a text that has changed

const grid = byId("grid");
const outbox = new Outbox(stored, unsent);
const leases = new Leases(outbox, { wish, leased, renewed, hungry: () => !cells.length });
let cells = []; // what is shown
let ready = []; // what comes next
let past = []; // for each ten that were confirmed, what was said of which
let since = 0;
let renewedAt = -Infinity; // when guesses that are shown have changed

function made({ id, name, guess }) {
  const cell = { id, guess, text: guess?.text ?? "", state: "", image: new Image() };
  cell.image.className = "paper captcha";
  cell.image.alt = name;
  cell.image.src = `${ROOT}/label/image/${id}`;
  cell.image.decode().catch(() => {});
  return cell;
}

function drawn(cell, index) {
  const box = document.createElement("li");
  box.className = "cell";
  cell.input = document.createElement("input");
  cell.input.type = "text";
  cell.input.className = "text";
  cell.input.value = cell.text;
  cell.input.maxLength = 200;
  cell.input.autocomplete = "off";
  cell.input.autocapitalize = "off";
  cell.input.spellcheck = false;
  cell.input.setAttribute("aria-label", `What image ${index + 1} says`);
  cell.input.addEventListener("focus", () => cell.input.select());
  cell.input.addEventListener("input", () => mark(cell, ""));
  cell.note = document.createElement("p");
  cell.note.className = "state small quiet";
  cell.box = box;
  box.append(cell.image, cell.input, cell.note);
  mark(cell, cell.state);
  return box;
}

// A cell is to be stored as it stands, or is unreadable, or is left for later.
function mark(cell, state) {
  cell.state = state;
  cell.box.classList.toggle("aside", state !== "");
  cell.note.textContent = { "": worth(cell), aside: "for later", unreadable: "unreadable" }[state];
}

function worth(cell) {
  if (!cell.guess) return "";
  if (cell.input.value.trim() !== cell.guess.text) return "changed";
  return `${Math.min(99, Math.floor(cell.guess.confidence * 100))} % sure`;
}

function paint() {
  byId("work").hidden = !cells.length && !past.length;
  byId("accept").hidden = !cells.length;
  byId("loading").hidden = true;
  byId("empty").hidden = Boolean(cells.length);
  grid.replaceChildren(...cells.map(drawn));
  grid.dataset.first = cells[0]?.id ?? "";
  since = performance.now();
  cells[0]?.input.focus({ preventScroll: true });
}

function wish() {
  const open = [...cells, ...ready].map(({ id }) => id);
  return { open, want: Math.max(0, 2 * TEN - open.length), sure: true };
}

// Another model guesses: what it reads otherwise has to be looked at again.
function renewed(items) {
  for (const { id, guess } of items) {
    const cell = cells.find((one) => one.id === id);
    if (!cell) continue;
    const typed = cell.input.value.trim() !== (cell.guess?.text ?? "");
    cell.guess = guess;
    if (!typed && cell.input.value !== (guess?.text ?? "")) {
      cell.input.value = guess?.text ?? "";
      renewedAt = performance.now();
    }
    mark(cell, cell.state);
  }
  if (items.length) ready = []; // others may be sure now
}

function leased(given, lost) {
  const gone = (cell) => lost.includes(cell.id);
  ready = ready.filter((cell) => !gone(cell));
  for (const cell of cells.filter(gone)) mark(cell, "aside");
  ready.push(...given.map(made));
  if (!cells.length) next();
}

function next() {
  cells = ready.splice(0, TEN);
  paint();
}

function confirm() {
  if (performance.now() - renewedAt < UNREAD) {
    byId("note").textContent = "The guesses have just changed: look again.";
    return;
  }
  const bad = cells.find((cell) => cell.state === "" && !/^\S+$/.test(cell.input.value.trim()));
  if (bad) {
    byId("note").textContent = "A label has at least one character, and no spaces. Esc leaves one for later.";
    bad.input.focus();
    return;
  }
  const chosen = cells.filter((cell) => cell.state !== "aside");
  const seconds = Math.min(86400, (performance.now() - since) / 1000 / Math.max(1, chosen.length));
  const said = chosen.map((cell) => ({
    key: fresh(),
    image: cell.id,
    text: cell.state === "unreadable" ? null : cell.input.value.trim(),
    guess: cell.guess?.text ?? null,
    seconds,
  }));
  past.push(said.map((one, index) => ({ key: one.key, cell: chosen[index], text: one.text })));
  byId("note").textContent = `${said.length} confirmed.`;
  next();
  if (said.length) outbox.push(...said);
  leases.ask();
}

function undo() {
  const last = past.pop();
  if (!last) {
    byId("note").textContent = "There is nothing to undo.";
    return;
  }
  outbox.push(...last.map(({ key }) => ({ key, image: null })));
  ready.unshift(...cells);
  cells = last.map(({ cell, text }) => ({ ...cell, text: text ?? cell.text, state: text === null ? "unreadable" : "" }));
  byId("note").textContent = "Undone; confirm them again.";
  paint();
}

// What could not be stored comes back.
function stored(done, progress, said) {
  leases.saw(progress);
  const faults = done.flatMap(({ key, fault }, index) => (fault && said[index].image !== null ? [{ key, fault }] : []));
  for (const { key, fault } of faults) {
    const entry = past.flat().find((one) => one.key === key);
    byId("note").textContent = `“${entry?.text ?? ""}” was not stored: ${fault}.`;
    if (entry) {
      past = past.map((ten) => ten.filter((one) => one !== entry));
      cells.unshift({ ...entry.cell, text: entry.text ?? "", state: "" });
      paint();
    }
  }
}

function step(by) {
  const at = cells.findIndex((cell) => cell.input === document.activeElement);
  const to = cells[(at + by + cells.length) % cells.length];
  to?.input.focus();
}

function pressed(event) {
  if (event.isComposing || event.altKey || event.target.closest("a, button, summary")) return;
  const control = event.ctrlKey || event.metaKey;
  const cell = cells.find((one) => one.input === document.activeElement);
  const toggle = (state) => cell && mark(cell, cell.state === state ? "" : state);
  const action = {
    Enter: control ? () => toggle("unreadable") : confirm,
    Escape: () => toggle("aside"),
    ArrowUp: () => step(-1),
    ArrowDown: () => step(1),
    z: control && !event.shiftKey ? undo : undefined,
  }[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

document.addEventListener("keydown", pressed);
byId("accept").addEventListener("click", confirm);
byId("undo").addEventListener("click", undo);
outbox.flush().then(() => leases.ask());
