// On a narrow screen the current page of the navigation is brought into view.
const current = document.querySelector("nav [aria-current]");
if (current) current.parentElement.scrollLeft = current.offsetLeft - 40;

// Filters apply when they change; without script, their button does it.
document.querySelectorAll("form.filters").forEach((form) => {
  form.querySelector("button").hidden = true;
  form.addEventListener("change", () => {
    const query = new URLSearchParams();
    new FormData(form).forEach((value, name) => {
      if (value && !(name === "period" && value === "all")) query.set(name, value);
    });
    const text = query.toString();
    location.assign(form.getAttribute("action") + (text ? "?" + text : ""));
  });
});
