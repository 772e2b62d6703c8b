// Decides what people disagree about; a decision settles what was said before.

import { Outbox, fresh } from "./label-outbox.js";
import { byId, unsent } from "./label-progress.js";

const outbox = new Outbox(stored, unsent);
const cases = new Map(); // from keys of decisions to where they were made

function decide(place, text) {
  const key = fresh();
  cases.set(key, place);
  tell(place, "Storing…");
  outbox.push({ key, image: Number(place.dataset.image), text, final: true });
}

function stored(done, progress) {
  for (const { key, fault } of done) {
    const place = cases.get(key);
    if (place) tell(place, fault ? `Not stored: ${fault}.` : "Stored.");
    if (place && !fault) place.classList.add("settled");
  }
  byId("disputed").textContent = progress.disputed ? `Review ${progress.disputed}` : "Review";
}

function tell(place, text) {
  place.querySelector("[role=status]").textContent = text;
}

for (const place of document.querySelectorAll(".case")) {
  for (const button of place.querySelectorAll(".opinions button")) {
    button.addEventListener("click", () => decide(place, button.dataset.text ?? null));
  }
  place.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = place.querySelector("input").value.trim();
    if (text && !/\s/.test(text)) decide(place, text);
    else tell(place, "Type a label without spaces.");
  });
}

outbox.flush();
