"use strict";

// The form works without this; here images can be dropped and pasted too, and what comes back is
// put above what was there.
(() => {
  const form = document.getElementById("reader");
  const drop = document.getElementById("drop");
  const input = document.getElementById("images");
  const status = document.getElementById("status");
  const readings = document.getElementById("readings");
  const MOST_CARDS = 200;

  document.getElementById("more-ways").hidden = false;

  function read(files) {
    const images = [...files].filter((file) => file.type === "" || file.type.startsWith("image/"));
    if (!images.length) {
      status.textContent = "That is no image.";
      return;
    }
    const all = new DataTransfer();
    images.forEach((image) => all.items.add(image));
    input.files = all.files;
    form.requestSubmit();
  }

  const hasFiles = (transfer) => transfer !== null && [...transfer.types].includes("Files");

  input.addEventListener("change", () => {
    if (input.files.length) form.requestSubmit();
  });

  document.addEventListener("paste", (event) => {
    if (!event.clipboardData.files.length) return;
    event.preventDefault();
    read(event.clipboardData.files);
  });

  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    drop.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) drop.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    drop.classList.remove("over");
    read(event.dataTransfer.files);
  });

  function told(text) {
    const box = document.createElement("div");
    const line = document.createElement("p");
    box.className = "notice bad";
    box.setAttribute("role", "alert");
    line.textContent = text;
    box.append(line);
    return box;
  }

  form.addEventListener("htmx:before:request", (event) => {
    if (event.target !== form) return;
    readings.querySelectorAll(":scope > .notice").forEach((old) => old.remove());
    status.textContent = "Reading…";
  });

  // What refuses a request before it reaches a page says so in JSON, which is not to be shown.
  document.addEventListener("htmx:before:swap", (event) => {
    const ctx = event.detail.ctx;
    const type = ctx.response?.raw?.headers.get("content-type") ?? "";
    if (type.startsWith("text/html")) return;
    event.preventDefault();
    let detail = "The server gave no answer that this page understands.";
    try {
      detail = JSON.parse(ctx.text).detail;
    } catch {
      // what is said above will do
    }
    readings.prepend(told(detail));
    status.textContent = "";
  });

  form.addEventListener("htmx:error", (event) => {
    if (event.target !== form) return;
    readings.prepend(told("The server does not answer. Is it still running?"));
    status.textContent = "";
  });

  form.addEventListener("htmx:after:swap", (event) => {
    if (event.target !== form) return;
    const fresh = input.files.length;
    const failed = readings.querySelector(":scope > .notice") !== null;
    readings.firstElementChild?.scrollIntoView({ block: "nearest" });
    status.textContent = failed ? "" : `${fresh} ${fresh === 1 ? "image" : "images"} read.`;
    [...readings.querySelectorAll("[data-reading]")].slice(MOST_CARDS).forEach((old) => old.remove());
  });

  // What was chosen before this had come is read once all is there.
  if (input.files.length) window.addEventListener("load", () => form.requestSubmit());
})();
