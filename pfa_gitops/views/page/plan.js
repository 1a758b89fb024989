"use strict";
(() => {
  const form = document.getElementById("filter");
  const text = document.getElementById("text");
  const changes = [...document.querySelectorAll(".change")];
  const words = new Map(changes.map((one) => [one, one.textContent.toLowerCase()]));
  if (changes.length === 0) return;

  // An object is shown if all words of the filter stand in it, whatever their order.
  const filter = () => {
    const wanted = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const boxes = [...form.querySelectorAll("input[name=action]")];
    const off = new Set(boxes.filter((box) => !box.checked).map((box) => box.value));
    let shown = 0;
    for (const one of changes) {
      one.hidden = off.has(one.dataset.action) || !wanted.every((word) => words.get(one).includes(word));
      shown += one.hidden ? 0 : 1;
    }
    for (const group of document.querySelectorAll(".group")) {
      group.hidden = group.querySelector(".change:not([hidden])") === null;
    }
    document.getElementById("shown").textContent = `${shown} of ${changes.length} shown`;
  };

  const toggle = (open) => {
    for (const one of changes) if (!one.hidden && one.tagName === "DETAILS") one.open = open;
  };

  // A link from the graph leads to an object: it is shown and opened, whatever the filter says.
  const reveal = () => {
    const one = document.getElementById(location.hash.slice(1));
    if (!one || !one.classList.contains("change")) return;
    if (one.hidden) {
      form.reset();
      filter();
    }
    if (one.tagName === "DETAILS") one.open = true;
    one.scrollIntoView({ block: "nearest" });
    (one.querySelector("summary") || one).focus();
  };

  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("open").addEventListener("click", () => toggle(true));
  document.getElementById("close").addEventListener("click", () => toggle(false));
  window.addEventListener("hashchange", reveal);
  filter();
  reveal();
})();
