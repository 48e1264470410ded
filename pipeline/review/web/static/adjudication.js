// Copy a reading into the ruling.
"use strict";
(() => {
  const form = document.getElementById("ruling");
  if (!form) { return; }
  document.querySelectorAll("[data-take]").forEach((button) => button.addEventListener("click", () => {
    const labels = JSON.parse(button.dataset.take);
    form.querySelectorAll("select").forEach((select) => {
      select.value = select.name.startsWith("theme:") ? labels.themes[select.name.slice(6)] || "" : labels[select.name];
    });
    form.querySelector("button.main").focus();
  }));
})();
