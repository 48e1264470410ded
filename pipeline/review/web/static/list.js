// Tick the whole page at once.
"use strict";
(() => {
  const all = document.getElementById("all");
  if (!all) { return; }
  const boxes = [...document.querySelectorAll('input[name="id"]')];
  all.addEventListener("change", () => boxes.forEach((box) => { box.checked = all.checked; }));
  boxes.forEach((box) => box.addEventListener("change", () => {
    all.checked = boxes.every((entry) => entry.checked);
    all.indeterminate = !all.checked && boxes.some((entry) => entry.checked);
  }));
})();
