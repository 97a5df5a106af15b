// Times in the reader's own zone, named; the server's are UTC and stay so without this.
"use strict";
(() => {
  const shown = new Intl.DateTimeFormat("en-GB", {
    year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false, timeZoneName: "short",
  });
  const zone = (at) => shown.formatToParts(at).find((part) => part.type === "timeZoneName").value;

  function told(at) {
    const parts = Object.fromEntries(shown.formatToParts(at).map((part) => [part.type, part.value]));
    return `${parts.year}-${parts.month}-${parts.day} ${parts.hour}:${parts.minute} ${parts.timeZoneName}`;
  }
  function localise(within) {
    for (const one of within.querySelectorAll("time[datetime]:not([title])")) {
      one.title = one.textContent;
      one.textContent = told(new Date(one.dateTime));
    }
    for (const field of within.querySelectorAll("input[type=datetime-local][data-utc]")) {
      delete field.dataset.utc;
      const at = field.value ? new Date(`${field.value}Z`) : null;
      if (at) field.value = new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
      const hint = field.closest("label").querySelector("small");
      if (hint) hint.textContent = zone(at || new Date());
      const offset = document.createElement("input");
      offset.type = "hidden";
      offset.name = `${field.name}_offset`;
      offset.value = new Date(field.value || Date.now()).getTimezoneOffset();
      field.addEventListener("input", () => { offset.value = new Date(field.value || Date.now()).getTimezoneOffset(); });
      field.after(offset);
    }
  }
  localise(document);
  document.body.addEventListener("htmx:afterSettle", () => localise(document));
})();
