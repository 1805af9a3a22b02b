// Nothing here is needed: filters are plain forms, and dates stand in the text.
"use strict";
for (const field of document.querySelectorAll("form select")) {
  field.addEventListener("change", () => field.form.requestSubmit());
}
// A published page stays as it is while days go by.
const now = Date.now();
const dayOf = (moment) => Math.floor(moment / 864e5);
for (const place of document.querySelectorAll("[data-until]")) {
  const left = dayOf(Date.parse(place.dataset.until)) - dayOf(now);
  place.textContent = place.closest("td").dataset.head === "Days ago" ? -left : left;
}
if ("published" in document.body.dataset) {
  for (const strip of document.querySelectorAll(".strip.ok[data-last]")) {
    if (now - Date.parse(strip.dataset.last) > 1000 * strip.dataset.stale) {
      strip.classList.replace("ok", "bad");
      strip.querySelector(".word").textContent = "stale";
    }
  }
  for (const table of document.querySelectorAll("table.wide")) {
    const label = document.createElement("label");
    const field = document.createElement("input");
    label.append("Contains ", field);
    table.before(label);
    field.addEventListener("input", () => {
      const wanted = field.value.toLowerCase();
      for (const row of table.tBodies[0].rows) {
        row.hidden = !row.textContent.toLowerCase().includes(wanted);
      }
    });
  }
}
