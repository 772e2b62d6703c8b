// The figures beside the image, and what the page has to say.

const percent = (share) => `${Math.round(share * 100)} %`;

export const byId = (id) => document.getElementById(id);

function fill(id, text) {
  const place = byId(id);
  if (place && place.textContent !== text) place.textContent = text;
}

export function show(progress) {
  const { total, left, labelled, unreadable, disputed, seconds, expected, counted } = progress;
  fill("left", String(left));
  fill("done", `${labelled} of ${total}`);
  fill("unreadable", unreadable ? `and ${unreadable} unreadable` : "");
  fill("seconds", seconds === null ? "–" : `${seconds.toFixed(1)} s`);
  fill("expected", expected === null ? "–" : percent(expected));
  fill("counted", expected === null ? "after ten labels" : `of the last ${counted} accepted`);
  fill("disputed", disputed ? `Review ${disputed}` : "Review");
  fill("training", training(progress));
  fill("guesser", progress.guesser);
  byId("guessed").hidden = !progress.guesser;
  const trouble = byId("trouble");
  fill("trouble", progress.trouble.join(" "));
  trouble.hidden = !progress.trouble.length;
  byId("bar").max = Math.max(1, total);
  byId("bar").value = total - left;
}

function training(progress) {
  if (progress.training !== null) return `A model is learning from your labels (${progress.training} s).`;
  return progress.news;
}

// Shows how many labels are not stored, until they are.
export function unsent(count, why) {
  const place = byId("unsent");
  place.hidden = !why;
  const labels = count === 1 ? "1 label is" : `${count} labels are`;
  fill("unsent", why ? `${labels} not stored yet: ${why}. Trying again every second; leave this page open.` : "");
}

// Says what the page could not get, until it can.
export function unreached(why) {
  byId("unreached").hidden = !why;
  fill("unreached", why ? `No further images: ${why}. Trying again.` : "");
}
