// The model's guess, one box for each character with what it is worth.

export function draw(list, guess) {
  list.replaceChildren(...(guess ? guess.chars : []).map(box));
  list.hidden = !guess;
}

function box({ char, confidence, level }) {
  const item = document.createElement("li");
  item.className = `char ${level}`;
  const letter = document.createElement("b");
  letter.textContent = char;
  const worth = document.createElement("span");
  worth.textContent = `${Math.min(99, Math.floor(confidence * 100))} %`;
  item.append(letter, worth);
  return item;
}
