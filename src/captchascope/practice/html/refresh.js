"use strict";

// The picture, and the button that changes it, are only here: who asks without a script sees none.
(() => {
  const place = document.getElementById("picture");
  const image = document.createElement("img");
  const button = document.createElement("button");
  let shown = 0;

  function show() {
    shown += 1;
    // a browser takes the picture that it has where the address stays the same
    image.src = `${place.dataset.src}?picture=${shown}`;
  }

  image.id = "captcha";
  image.alt = "Characters to copy";
  button.id = "refresh";
  button.type = "button";
  button.className = "refresh";
  button.textContent = "Show another picture";
  button.addEventListener("click", () => {
    show();
    document.getElementById("answer").value = "";
  });
  place.append(image);
  place.after(button);
  show();
})();
