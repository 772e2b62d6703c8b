// Asks for images and keeps those that are here, with guesses of one model alone; lets go of them
// when the page goes. It asks again every second while something is about to change.

import { post, rename, session } from "./label-outbox.js";
import { show, unreached } from "./label-progress.js";

const AGAIN = 1000; // milliseconds
const BEAT = 10000; // milliseconds between signs of life; a lease lasts twelve times as long

export class Leases {
  // page has wish(): which images it has open, how many more it wants, and whether sure ones;
  // leased(given, lost): what it has now, and which others have by now; renewed(items): other
  // guesses for what it has; hungry(): whether it waits for images.
  constructor(outbox, page) {
    this.outbox = outbox;
    this.page = page;
    this.opened = Date.now(); // tells this page from others that the tab has had
    this.model = ""; // whose guesses the page has
    this.progress = null;
    this.asking = false;
    this.stale = false;
    this.timer = 0;
    addEventListener("visibilitychange", () => document.hidden || this.ask());
    addEventListener("pagehide", () => this.leave());
    addEventListener("pageshow", (event) => event.persisted && this.comeBack());
  }

  async ask() {
    if (this.asking || !this.opened) return;
    this.asking = true;
    this.stale = false;
    clearTimeout(this.timer);
    let wait = AGAIN;
    try {
      const { open, ...wanted } = this.page.wish();
      const hold = [...new Set([...open, ...this.outbox.images()])];
      const answer = await post("/label/lease", { ...this.me(), hold, model: this.model, ...wanted });
      unreached("");
      if (answer.taken) return await this.startAnew();
      wait = this.take(answer, hold);
    } catch (error) {
      unreached(error.message);
    } finally {
      this.asking = false;
      this.timer = setTimeout(() => this.ask(), wait);
    }
  }

  // Hands an answer to the page; returns in how many milliseconds to ask again.
  take({ again, lost, model, progress, ...answer }, hold) {
    const given = answer.new.filter(({ id }) => !hold.includes(id));
    this.stale ||= model !== progress.model;
    this.model = this.stale ? "" : model;
    this.look(progress);
    if (this.stale) [...again, ...given].forEach((item) => (item.guess = null));
    this.page.renewed(again);
    this.page.leased(given, lost);
    if (this.stale) return 0;
    return progress.training !== null || !progress.guesser || this.page.hungry() ? AGAIN : BEAT;
  }

  // Takes away guesses of a model that is no longer used, and asks for those of the new one.
  saw(progress) {
    this.look(progress);
    if (["", progress.model].includes(this.model)) return;
    this.stale = true;
    this.page.renewed(this.page.wish().open.map((id) => ({ id, guess: null })));
    this.ask();
  }

  look(progress) {
    this.progress = progress;
    show(progress);
  }

  // Asks for all guesses again.
  renew() {
    this.model = "";
    this.stale = true;
    this.ask();
  }

  me() {
    return { session: session(), page: this.opened };
  }

  leave() {
    this.outbox.leave();
    post("/label/leave", { ...this.me(), hold: this.outbox.images() }, true).catch(() => {});
    this.opened = 0;
    clearTimeout(this.timer);
  }

  comeBack() {
    this.opened = Date.now();
    this.renew();
  }

  // Another tab goes by the name of this one, as a copy of it does.
  async startAnew() {
    await this.outbox.flush();
    rename();
    location.reload();
  }
}
