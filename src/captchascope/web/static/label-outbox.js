// What has been said and is not stored yet: sent in order, again and again until it is.
// It is kept with the tab, so that loading the page again loses none of it.

const AGAIN = 1000; // milliseconds until what could not be sent is sent again
const AT_ONCE = 50;
const UNSEEN = 250; // milliseconds

// The path that the pages are below, such as /captcha, or nothing.
export const ROOT = new URL("..", import.meta.url).pathname.slice(0, -1);

// What this tab keeps is of one folder, and pages of others may be below another path.
const SESSION = `session${ROOT}`;
const WAITING = `waiting${ROOT}`;

// A name that nobody else has. (crypto.randomUUID is missing on pages without TLS.)
export function fresh() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// The name of this tab, by which the server knows what it holds and what it said.
export function session() {
  let name = sessionStorage.getItem(SESSION);
  if (!name) {
    name = fresh();
    sessionStorage.setItem(SESSION, name);
  }
  return name;
}

export function rename() {
  sessionStorage.removeItem(SESSION);
}

// Calls once what has changed is on the screen, so that nobody waits for the rest to see it.
// Nothing is painted where nobody looks; then it is called all the same.
export function afterPaint(call) {
  let called = false;
  const once = () => {
    if (!called) call();
    called = true;
  };
  requestAnimationFrame(() => setTimeout(once));
  setTimeout(once, UNSEEN);
}

// What is kept alive is sent even when the page goes.
export async function post(path, body, keepalive = false) {
  const answer = await fetch(ROOT + path, {
    method: "POST",
    keepalive,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await reason(answer));
  return answer.json();
}

export async function get(path) {
  const answer = await fetch(ROOT + path);
  if (!answer.ok) throw new Error(await reason(answer));
  return answer.json();
}

async function reason(answer) {
  try {
    return (await answer.json()).detail;
  } catch {
    return `the server answered ${answer.status}`;
  }
}

export class Outbox {
  // onStored(done, progress): what came of some; onTrouble(count, why): how many wait, and why.
  constructor(onStored, onTrouble) {
    this.onStored = onStored;
    this.onTrouble = onTrouble;
    this.waiting = JSON.parse(sessionStorage.getItem(WAITING) || "[]");
    this.sending = null;
    addEventListener("beforeunload", (event) => {
      if (this.waiting.length) event.preventDefault();
    });
  }

  // Keeps what was said at once, and sends it when the page has been painted.
  push(...said) {
    this.waiting.push(...said);
    this.keep();
    afterPaint(() => this.flush());
  }

  // The images of which something waits; until it is stored, nobody else may be given them.
  images() {
    return this.waiting.map(({ image }) => image).filter((image) => image !== null);
  }

  // Resolves when nothing waits any more, or the server could not be reached.
  flush() {
    this.sending ??= this.send().finally(() => {
      this.sending = null;
    });
    return this.sending;
  }

  async send() {
    while (this.waiting.length) {
      const said = this.waiting.slice(0, AT_ONCE);
      let answer;
      try {
        answer = await post("/label/say", { session: session(), said });
      } catch (error) {
        this.onTrouble(this.waiting.length, error.message);
        setTimeout(() => this.flush(), AGAIN);
        return;
      }
      this.waiting.splice(0, said.length);
      this.keep();
      this.onTrouble(this.waiting.length, "");
      this.onStored(answer.done, answer.progress, said);
    }
  }

  // Sends what waits as the page goes; it may have no time to hear the answer.
  leave() {
    const said = this.waiting.slice(0, AT_ONCE);
    if (said.length) post("/label/say", { session: session(), said }, true).catch(() => {});
  }

  keep() {
    sessionStorage.setItem(WAITING, JSON.stringify(this.waiting));
  }
}
