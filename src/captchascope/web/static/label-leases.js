// Asks for images and keeps those that are here; again every second where the server is away.

import { post, session } from "./label-outbox.js";
import { show, unreached } from "./label-progress.js";

const AGAIN = 1000; // milliseconds
const BEAT = 30000; // milliseconds between signs of life; a lease lasts four times as long

export class Leases {
  // wish(): which images the page has open, how many more it wants, and whether sure ones;
  // onLeased(given, lost): what it has now, and which others have by now.
  constructor(outbox, wish, onLeased) {
    this.outbox = outbox;
    this.wish = wish;
    this.onLeased = onLeased;
    this.asking = false;
  }

  async ask() {
    if (this.asking) return;
    this.asking = true;
    try {
      const { open, ...wanted } = this.wish();
      const hold = [...new Set([...open, ...this.outbox.images()])];
      const answer = await post("/label/lease", { session: session(), hold, ...wanted });
      unreached("");
      show(answer.progress);
      this.onLeased(answer.new.filter(({ id }) => !hold.includes(id)), answer.lost);
    } catch (error) {
      unreached(error.message);
      setTimeout(() => this.ask(), AGAIN);
    } finally {
      this.asking = false;
    }
  }

  // Gives signs of life for as long as the page is open.
  keep() {
    setInterval(() => this.ask(), BEAT);
    addEventListener("visibilitychange", () => document.hidden || this.ask());
  }
}
