// Nothing here is needed: filters are plain forms, and dates stand in the text.
"use strict";
for (const field of document.querySelectorAll("form select")) {
  field.addEventListener("change", () => field.form.requestSubmit());
}
