// Comforts only: without this script the pages work too, less smoothly.
"use strict";

// A chosen file, or one that is dropped anywhere on the field, is checked at once.
for (const input of document.querySelectorAll("input[data-send]")) {
  const zone = input.form;
  input.addEventListener("change", () => {
    if (input.files.length) zone.requestSubmit();
  });
  for (const event of ["dragover", "dragleave", "drop"]) {
    zone.addEventListener(event, (moved) => {
      zone.classList.toggle("over", event === "dragover");
      if (event !== "dragleave") moved.preventDefault();
    });
  }
  zone.addEventListener("drop", (dropped) => {
    if (!dropped.dataTransfer.files.length) return;
    input.files = dropped.dataTransfer.files;
    input.dispatchEvent(new Event("change"));
  });
}

// A form is sent once, however often its button is pressed.
for (const form of document.forms) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});

// What goes on in the program is asked for again and again; its next phase is another page.
const live = document.querySelector("[data-poll]");
async function look() {
  let pause = 500;
  try {
    const answer = await fetch(live.dataset.poll);
    const over = answer.headers.get("X-Phase") !== live.dataset.phase;
    const beside = "swap" in live.dataset; // fields in which a person may have typed: never loaded again
    if (!beside && (!answer.ok || over)) return location.reload();
    if (answer.ok && (!beside || over)) live.innerHTML = await answer.text(); // made and escaped by the program itself
    if (over) return;
    document.querySelector(".lost")?.setAttribute("hidden", "");
  } catch {
    document.querySelector(".lost")?.removeAttribute("hidden");
    pause = 3000;
  }
  setTimeout(look, pause);
}
if (live) setTimeout(look, 300);

// A cell that was changed is shown so until it is checked; the browser asks before another way loses it.
let unchecked = null;
function change(field) {
  field.parentElement.classList.add("changed");
  unchecked = field.form;
}
for (const field of document.querySelectorAll(".grid input, .grid select")) {
  field.addEventListener("input", () => change(field));
  if ("defaultValue" in field && field.value !== field.defaultValue) change(field); // typed before this ran
}
addEventListener("beforeunload", (event) => {
  if (!unchecked || unchecked.dataset.sent) return;
  event.preventDefault();
  setTimeout(() => {
    for (const form of document.forms) delete form.dataset.sent; // the person stays, and may press again
  });
});

// What a cell is probably meant to say goes into it; nothing is sent before the person has it checked.
for (const button of document.querySelectorAll("[data-into]")) {
  const field = document.getElementById(button.dataset.into);
  if (!field) continue;
  button.addEventListener("click", () => {
    field.value = button.dataset.text;
    field.dispatchEvent(new Event("input"));
    field.focus();
  });
}
