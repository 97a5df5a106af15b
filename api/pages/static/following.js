// Follows the page's run: on news the parts that show it are fetched again, but never under somebody's hands.
"use strict";
(() => {
  const { run, since } = document.body.dataset;
  if (!run) return;
  const news = document.getElementById("news");
  let due = 0, stream = null, last = since, looking = 0;

  const touched = new Set();
  document.addEventListener("input", (event) => touched.add(event.target.form));
  const isBusy = () => [...touched].some((form) => form && form.isConnected && form.closest("#waiting, #done, #marked"))
    || document.activeElement.closest("#waiting form, #done form, #marked form") !== null
    || document.querySelector("#done details[open]") !== null; // what somebody opened must not fall shut

  function refresh() {
    htmx.trigger(document.body, "moved");
    if (!isBusy()) htmx.trigger(document.body, "moved-and-idle");
    else if (news) news.hidden = false;
  }
  function soon() {
    clearTimeout(due);
    due = setTimeout(refresh, 400);
  }
  function follow() {
    stream = new EventSource(`/v1/runs/${run}/events/stream?wait=true`);
    const told = (event) => { if (event.lastEventId > last) { last = event.lastEventId; soon(); } };
    for (const kind of ["state", "stage", "progress", "experiment", "result", "hypothesis", "ranking"]) stream.addEventListener(kind, told);
    stream.addEventListener("error", () => {
      if (stream.readyState === EventSource.CLOSED) looking ||= setInterval(refresh, 10000); // refused: look from time to time
    });
  }
  function leave() {
    if (stream) stream.close();
    stream = null;
  }

  document.body.addEventListener("htmx:beforeSwap", (event) => {
    // Whoever was signed out meanwhile gets the sign-in: that must not take the place of what is shown.
    if (new URL(event.detail.xhr.responseURL).pathname === "/sign-in") event.detail.shouldSwap = false;
    // Rows that somebody marked stay marked: the table waits until something is done with them.
    // And whoever began to type while the news was on its way keeps their form.
    const marked = event.detail.target.querySelector?.("input[name=pick]:checked, details.bulk[open]");
    const asked = event.detail.requestConfig.triggeringEvent?.type;
    if ((marked && asked === "moved") || (asked === "moved-and-idle" && isBusy())) {
      event.detail.shouldSwap = false;
      if (news) news.hidden = false;
    }
  });
  // Numbers that somebody opened below a picture stay open when it is drawn anew.
  let opened = [];
  document.body.addEventListener("htmx:beforeSwap", () => {
    opened = [...document.querySelectorAll("figure[id] details[open]")].map((one) => one.closest("figure").id);
  });
  document.body.addEventListener("htmx:afterSettle", () => {
    for (const id of opened) document.querySelector(`#${id} details`)?.setAttribute("open", "");
  });
  // A browser holds few connections to one server: a page that nobody looks at gives its own back.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) leave();
    else if (!stream) { follow(); refresh(); }
  });
  window.addEventListener("pagehide", leave);
  if (!document.hidden) follow();
})();
