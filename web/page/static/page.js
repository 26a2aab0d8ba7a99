"use strict";
// What helps; every page works without.

// A live part shows what the server sends, unless somebody is just writing in it.
for (const part of document.querySelectorAll("[data-live]")) {
  const source = new EventSource(part.dataset.live);
  source.onmessage = (event) => {
    if (part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")) return;
    const at = places(part).indexOf(document.activeElement);
    part.innerHTML = event.data;
    if (at >= 0) places(part)[at]?.focus({ preventScroll: true });
  };
  source.addEventListener("end", () => source.close());
  addEventListener("pagehide", () => source.close());
}

// Where the keyboard can be in a part: who was there stays, as far as the place does.
function places(part) { return [...part.querySelectorAll("a, button, summary")]; }

// A page that the browser kept while we were elsewhere is asked for again: what it shows may be of before, or of somebody else.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

// A button with data-copy copies the text of the element that it names. Without TLS browsers have only the old way.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  if (!source) return;
  event.preventDefault();
  const text = source.value ?? source.textContent;
  if (navigator.clipboard) await navigator.clipboard.writeText(text);
  else copyOldWay(text);
  const was = button.textContent;
  button.textContent = button.dataset.done || "✓";
  setTimeout(() => { button.textContent = was; }, 2000);
});

function copyOldWay(text) {
  const was = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  was?.focus({ preventScroll: true });
}

// An input with data-strength tells in the element that it names how good a new password is.
for (const input of document.querySelectorAll("input[data-strength]")) {
  const hint = document.getElementById(input.dataset.strength);
  input.addEventListener("input", () => {
    const level = strength(input.value);
    hint.textContent = input.value ? hint.dataset[level] : "";
    hint.className = "strength " + level;
  });
}

// Length counts most: four words beat eight symbols.
function strength(password) {
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9]/].filter((kind) => kind.test(password)).length;
  const different = new Set(password).size;
  if (password.length < 10 || different < 5) return "weak";
  if (password.length >= 16 && different >= 8 || password.length >= 12 && kinds >= 3) return "strong";
  return "fair";
}
