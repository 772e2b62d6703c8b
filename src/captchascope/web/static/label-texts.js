// What the guesses are told of the texts, and what the labels or the images tell of them.

import { post, session } from "./label-outbox.js";
import { byId } from "./label-progress.js";

export class Texts {
  // onTold(progress): the guesses are told something else from now on.
  constructor(onTold) {
    this.onTold = onTold;
    this.suggested = null;
    byId("texts").addEventListener("submit", (event) => {
      event.preventDefault();
      this.tell({ charset: byId("charset").value, length: byId("length").value });
    });
    byId("take").addEventListener("click", () => this.tell(this.suggested));
  }

  // Shows what is told, unless somebody is about to change it.
  show({ texts, suggested }) {
    for (const name of ["charset", "length"]) {
      const input = byId(name);
      if (input.value === (input.dataset.told ?? "")) input.value = texts[name];
      input.dataset.told = texts[name];
    }
    this.suggested = suggested;
    byId("suggestion").hidden = !suggested;
    if (suggested) {
      const length = suggested.length ? `, ${suggested.length} long` : "";
      byId("suggested").textContent = `By ${suggested.why}: ${suggested.charset || "any characters"}${length}.`;
    }
  }

  async tell({ charset, length }) {
    const note = byId("texts-note");
    try {
      const { progress } = await post("/label/texts", { session: session(), charset, length });
      for (const name of ["charset", "length"]) byId(name).value = byId(name).dataset.told;
      note.textContent = "All is read again.";
      this.show(progress);
      this.onTold(progress);
    } catch (error) {
      note.textContent = error.message;
    }
  }
}
